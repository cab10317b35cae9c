import { readFileSync } from 'node:fs'
import { configReference } from '../../../src/config/index.ts'

/** A file of the project, by its path from the root. */
export function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
}

/** Every variable that Cardea reads, as the reference table lists them. */
export const settings = new Set(
  [...configReference().matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name),
)

/** The names in this list that are no setting, in either of a setting's two forms. */
export function unknownSettings(names: Iterable<string>): string[] {
  return [...names].filter((name) => !settings.has(name.replace(/_FILE$/, '')))
}

/** The code block of docs/operate.md that stands under `<!-- test: name -->`. */
export function docsBlock(name: string): string {
  const [, block] = read('docs/operate.md').split(`<!-- test: ${name} -->`)
  const code = /^\s*```\w+\n(.*?)\n```/s.exec(block ?? '')?.[1]
  if (code === undefined) throw new Error(`docs/operate.md has no block "${name}"`)
  return code
}
