import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import type { Eta } from 'eta'

/** Templates of an operator's cannot be used; the message says which and why. */
export class ViewError extends Error {
  override readonly name = 'ViewError'
}

/** An operator's template in place of ours. */
export type Override = {
  /** As in `login` or `parts/foot`. */
  name: string
  path: string
  source: string
  /**
   * How it stands to ours: made from the template that is shipped now, from an older one, or nobody can tell because its version line is
   * gone.
   */
  state: 'current' | 'outdated' | 'unknown'
  /** What was shipped when it was copied, where the copy still lies beside it. */
  base: string | null
  shipped: string
}

const EXTENSION = '.eta'
/** Copies of what was shipped, to tell later what has changed. */
const BASES = '.shipped'
const versionLine = /^<% \/\* cardea template (\S+), made from ([0-9a-f]{16}) \*\/ %>\r?\n/

/** The templates in an operator's folder. Throws a `ViewError` for a folder that cannot be read, or a file that replaces nothing. */
export function readOverrides(viewsDir: string, dir: string): Override[] {
  const shippedNames = namesIn(viewsDir)
  if (!existsSync(dir)) throw new ViewError(`CARDEA_VIEWS_DIR: there is no folder ${dir}.`)
  return namesIn(dir).map((name) => {
    const path = join(dir, `${name}${EXTENSION}`)
    if (!shippedNames.includes(name))
      throw new ViewError(`${path} replaces nothing: there is no template ${name}.`)
    const shipped = readFileSync(join(viewsDir, `${name}${EXTENSION}`), 'utf8')
    const source = readFileSync(path, 'utf8')
    const madeFrom = versionLine.exec(source)?.[2]
    const basePath = join(dir, BASES, `${name}${EXTENSION}`)
    const base = existsSync(basePath) ? readFileSync(basePath, 'utf8') : null
    return {
      ...{ name, path, source, shipped },
      state: madeFrom === undefined ? 'unknown' : madeFrom === digestOf(shipped) ? 'current' : 'outdated',
      // A copy of another version than the line names tells nothing.
      base: base !== null && digestOf(base) === madeFrom ? base : null,
    }
  })
}

/** Copies a shipped template into an operator's folder, with the line that says from which version it was made. Never over a file. */
export function copyView(
  viewsDir: string,
  dir: string,
  name: string,
): { ok: true; path: string } | { ok: false; reason: 'unknown' | 'exists'; path: string } {
  const path = join(dir, `${name}${EXTENSION}`)
  if (!namesIn(viewsDir).includes(name)) return { ok: false, reason: 'unknown', path }
  if (existsSync(path)) return { ok: false, reason: 'exists', path }
  const shipped = readFileSync(join(viewsDir, `${name}${EXTENSION}`), 'utf8')
  const basePath = join(dir, BASES, `${name}${EXTENSION}`)
  for (const file of [path, basePath]) mkdirSync(dirname(file), { recursive: true })
  writeFileSync(basePath, shipped)
  writeFileSync(path, `<% /* cardea template ${name}, made from ${digestOf(shipped)} */ %>\n${shipped}`, {
    flag: 'wx',
  })
  return { ok: true, path }
}

/** The names of all templates below a folder, in order. */
export function namesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => file.endsWith(EXTENSION) && !file.startsWith(`${BASES}/`))
    .map((file) => file.slice(0, -EXTENSION.length))
    .sort()
}

/**
 * Lets an Eta read an operator's templates where there are some, whoever includes them, and compiles every one: a broken one throws a
 * `ViewError` with its path. `folder` is the Eta's own below the templates, as in `mail`.
 */
export function overlay(eta: Eta, overrides: readonly Override[], folder = ''): void {
  const readShipped = eta.readFile.bind(eta)
  const root = eta.config.views
  if (root === undefined) throw new Error('an Eta without files')
  const nameOf = (path: string) =>
    join(folder, relative(root, path)).split(sep).join('/').slice(0, -EXTENSION.length)
  eta.readFile = (path) => overrides.find(({ name }) => name === nameOf(path))?.source ?? readShipped(path)
  for (const { name, path, source } of overrides) {
    if (!name.startsWith(folder)) continue
    try {
      eta.compile(source)
    } catch (error) {
      throw new ViewError(`${path} is broken: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }
}

/** What has changed in our template since an override was made from it, as lines that begin with `-` or `+`; null when nobody can tell. */
export function changesSince({ base, shipped }: Pick<Override, 'base' | 'shipped'>): string[] | null {
  if (base === null) return null
  const [before, after] = [base.split('\n'), shipped.split('\n')]
  const common = longestCommon(before, after)
  const lines: string[] = []
  let [from, to] = [0, 0]
  for (const [a, b] of [...common, [before.length, after.length] as const]) {
    while (from < a) lines.push(`- ${before[from++] ?? ''}`)
    while (to < b) lines.push(`+ ${after[to++] ?? ''}`)
    from = a + 1
    to = b + 1
  }
  return lines
}

/** The longest sequence of lines that both have, as pairs of positions. Templates are short: a table of all pairs is small. */
function longestCommon(a: readonly string[], b: readonly string[]): [number, number][] {
  const best = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  const at = (i: number, j: number) => best[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = best[i]
      if (row) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  const pairs: [number, number][] = []
  for (let i = 0, j = 0; i < a.length && j < b.length;)
    if (a[i] === b[j]) pairs.push([i++, j++])
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1
    else j += 1
  return pairs
}

function digestOf(source: string): string {
  return createHash('sha256').update(source).digest('hex').slice(0, 16)
}
