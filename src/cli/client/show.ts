import type { Command } from 'commander'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { documentOf, linesOf, requireClient } from './document.ts'

/** `cardea client show`: a client's metadata. Its secret is nowhere to be shown from. */
export function addShow(clients: Command, terminal: Terminal): void {
  addVerb(clients, {
    usage: 'show <client-id>',
    summary: 'show a client',
    example: 'cardea client show shop',
  }).action(async (id: string, { json }: VerbOptions) => {
    await withDatabase(terminal, async ({ prisma }) => {
      const document = documentOf(await requireClient(prisma, id))
      print(terminal, json, document, linesOf(document))
    })
  })
}
