import type { Command } from 'commander'
import { viewsIn } from '../../http/index.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { shippedViews } from './folder.ts'

/** `cardea views list`: what there is to replace. */
export function addList(views: Command, terminal: Terminal): void {
  addVerb(views, {
    usage: 'list',
    summary: 'list the templates that can be replaced',
    example: 'cardea views list',
  }).action(({ json }: VerbOptions) => {
    const names = viewsIn(shippedViews)
    print(terminal, json, { views: names }, names)
  })
}
