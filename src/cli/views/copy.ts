import type { Command } from 'commander'
import { copyView } from '../../http/index.ts'
import { Refusal } from '../refusal.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { shippedViews, viewsFolder } from './folder.ts'

/** `cardea views copy`: the beginning of a template of one's own, with the line that says from what it was made. */
export function addCopy(views: Command, terminal: Terminal): void {
  addVerb(views, {
    usage: 'copy <name>',
    summary: 'copy a template into your folder, to be changed there',
    example: 'cardea views copy login --dir /etc/cardea/views',
  })
    .option('--dir <folder>', 'instead of CARDEA_VIEWS_DIR')
    .action((name: string, { json, dir }: VerbOptions & { dir?: string }) => {
      const copied = copyView(shippedViews, viewsFolder(terminal, dir), name)
      if (!copied.ok)
        throw copied.reason === 'exists'
          ? new Refusal('already_exists', `${copied.path} is there already.`)
          : new Refusal('not_found', `There is no template ${name}: cardea views list.`)
      print(terminal, json, { path: copied.path }, [
        `Wrote ${copied.path}. Keep its first line: it says from which version it was made.`,
      ])
    })
}
