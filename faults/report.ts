import { invariantNames } from './check/check.ts'
import { owedNotices } from './check/aftermath.ts'
import { factsOf } from './check/facts.ts'
import { owedTales } from './check/told.ts'
import type { RequestEntry } from './journal.ts'
import type { Run } from './run.ts'

/** One line: the verdict, and how much it rests on. */
export function verdictLine(run: Run): string {
  const { requests, entries, endings } = factsOf(run.entries)
  const served = requests.filter(({ status }) => status !== null && status !== 503).length
  const counts = [
    `seed ${run.seed}`,
    `${run.seconds} s`,
    `${entries.filter(({ type }) => type === 'fault').length} faults`,
    `${requests.length} requests`,
    `${served} answered`,
    `${requests.filter(({ status }) => status === 503).length} × 503`,
    `${requests.filter(({ status }) => status === null).length} without an answer`,
    `${endings.filter(({ acknowledged }) => acknowledged).length} acknowledged ends`,
    `${owedNotices({ entries, endings }).length} notices owed`,
    `${owedTales(factsOf(run.entries)).length} events owed`,
    `${run.violations.length} violations`,
  ]
  return `${run.violations.length === 0 ? 'HELD' : 'BROKEN'}: ${counts.join(', ')}`
}

/** The run as Markdown: what was done, what was answered, what held. */
export function describeRun(run: Run): string {
  const { entries, requests } = factsOf(run.entries)
  const faults = Map.groupBy(
    entries.filter((entry) => entry.type === 'fault'),
    ({ kind }) => kind,
  )
  const broken = Map.groupBy(run.violations, ({ invariant }) => invariant)
  return [
    `### Seed ${run.seed}, ${run.seconds} seconds`,
    verdictLine(run),
    table(
      ['invariant', 'violations'],
      invariantNames.map((name) => [name, broken.get(name)?.length ?? 0]),
    ),
    table(
      ['fault', 'times', 'seconds'],
      [...faults]
        .toSorted(([one], [other]) => one.localeCompare(other))
        .map(([kind, all]) => [
          kind,
          all.length,
          (all.reduce((sum, { at, endedAt }) => sum + endedAt - at, 0) / 1000).toFixed(1),
        ]),
    ),
    table(
      ['request', 'sent', '2xx', '3xx', '4xx', '503', 'other 5xx', 'no answer', 'slowest'],
      [...Map.groupBy(requests, ({ what }) => what)].map(([what, all]) => answers(what, all)),
    ),
  ].join('\n\n')
}

function answers(what: string, all: RequestEntry[]): (string | number)[] {
  const count = (test: (status: number) => boolean) =>
    all.filter(({ status }) => status !== null && test(status)).length
  const slowest = Math.max(
    0,
    ...all.filter(({ status }) => status !== null).map(({ sentAt, endedAt }) => endedAt - sentAt),
  )
  return [
    ...[what, all.length],
    ...[200, 300, 400].map((from) => count((status) => status >= from && status < from + 100)),
    count((status) => status === 503),
    count((status) => status >= 500 && status !== 503),
    all.filter(({ status }) => status === null).length,
    `${(slowest / 1000).toFixed(1)} s`,
  ]
}

/** Aligned, as the formatter of this repository has it. */
function table(head: string[], rows: (string | number)[][]): string {
  const cells = [head, ...rows.map((row) => row.map(String))]
  const widths = head.map((_, nth) => Math.max(3, ...cells.map((row) => row[nth]?.length ?? 0)))
  const line = (row: string[]) => `| ${row.map((cell, nth) => cell.padEnd(widths[nth] ?? 0)).join(' | ')} |`
  const [first = '', ...others] = cells.map(line)
  return [first, line(widths.map((width) => '-'.repeat(width))), ...others].join('\n')
}
