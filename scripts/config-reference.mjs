// Puts the table of all variables into docs/operate.md, from the definitions that read them. `--check` changes nothing and
// fails when the table there is not today's.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { configReference } from '../src/config/index.ts'

const page = fileURLToPath(new URL('../docs/operate.md', import.meta.url))
const begin = '<!-- configuration: written by scripts/config-reference.mjs -->'
const end = '<!-- configuration: end -->'

/** The page with today's table between its markers. */
export function withReference(markdown) {
  const [before, rest, ...more] = markdown.split(begin)
  const after = rest?.split(end)
  if (before === undefined || after?.length !== 2 || more.length > 0)
    throw new Error(`docs/operate.md needs the lines ${begin} and ${end}, once each`)
  // Prettier would pad every cell to the widest.
  return `${before}${begin}\n\n<!-- prettier-ignore -->\n${configReference()}\n${end}${after[1]}`
}

function main(args) {
  const current = readFileSync(page, 'utf8')
  const wanted = withReference(current)
  if (current === wanted) return 0
  if (args.includes('--check')) {
    console.error(
      'The table of variables in docs/operate.md is stale. Run: node scripts/config-reference.mjs',
    )
    return 1
  }
  writeFileSync(page, wanted)
  return 0
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.slice(2))
}
