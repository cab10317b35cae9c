const begin = '<!-- runs: written by npm run faults -- --report -->'
const end = '<!-- end of the runs -->'

/** The page with this seed's run in it, between its two marks (put at the end when it has none): in place of an older run of the seed. */
export function withRun(page: string, seed: number, described: string): string {
  const marked =
    page.includes(begin) && page.includes(end) ? page : `${page.trimEnd()}\n\n${begin}\n${end}\n`.trimStart()
  const [before = '', rest = ''] = marked.split(begin)
  const [runs = '', after = ''] = rest.split(end)
  const kept = runs
    .split(/^(?=### )/m)
    .map((run) => run.trim())
    .filter((run) => run !== '' && seedOf(run) !== seed)
  const all = [...kept, described.trim()].toSorted((one, other) => seedOf(one) - seedOf(other))
  return `${before}${begin}\n\n${all.join('\n\n')}\n\n${end}${after}`
}

function seedOf(run: string): number {
  return Number(/^### Seed (\d+)/.exec(run)?.[1] ?? -1)
}
