import type { Command } from 'commander'
import { changesSince, readOverrides, ViewError } from '../../http/index.ts'
import type { Override } from '../../http/index.ts'
import { EXIT, Refusal } from '../refusal.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { shippedViews, viewsFolder } from './folder.ts'

/** `cardea views check`: after an upgrade, which templates of one's own are behind, and what has changed in ours since. */
export function addCheck(views: Command, terminal: Terminal, exitWith: (code: number) => void): void {
  addVerb(views, {
    usage: 'check',
    summary: 'say which of your templates were made from older ones, and what changed since',
    example: 'cardea views check',
  })
    .option('--dir <folder>', 'instead of CARDEA_VIEWS_DIR')
    .action(({ json, dir }: VerbOptions & { dir?: string }) => {
      const overrides = read(viewsFolder(terminal, dir))
      const shown = overrides.map((override) => {
        const { name, path, state } = override
        return { name, path, state, changes: state === 'outdated' ? changesSince(override) : null }
      })
      print(terminal, json, { views: shown }, overrides.length === 0 ? ['There are none.'] : shown.flatMap(linesOf))
      exitWith(overrides.every(({ state }) => state === 'current') ? EXIT.ok : EXIT.failed)
    })
}

function read(dir: string): Override[] {
  try {
    return readOverrides(shippedViews, dir)
  } catch (error) {
    if (error instanceof ViewError) throw new Refusal('configuration', error.message)
    throw error
  }
}

const words = {
  current: 'made from the one that is shipped now',
  outdated: 'made from an older one',
  unknown: 'has no version line: nobody can tell what it was made from',
}

function linesOf({
  name,
  state,
  changes,
}: {
  name: string
  state: Override['state']
  changes: string[] | null
}): string[] {
  const first = `${state === 'current' ? 'ok  ' : 'OLD '}  ${name}: ${words[state]}`
  if (state !== 'outdated') return [first]
  if (changes === null) return [first, '      What was shipped then is not kept beside it (.shipped): compare by hand.']
  return [
    first,
    '      What has changed since in the shipped one; take it over, then give yours the new first line',
    '      (cardea views copy into an empty folder writes it):',
    ...changes.map((line) => `      ${line}`),
  ]
}
