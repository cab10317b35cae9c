import type { Command } from 'commander'
import { chainHead, sealAll } from '../../audit/index.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'

/** `cardea audit head`: what to note elsewhere, so that the past up to now cannot be rewritten unnoticed. */
export function addHead(audit: Command, terminal: Terminal): void {
  addVerb(audit, {
    usage: 'head',
    summary: 'print the head of the hash chain, to be kept where the database cannot be reached from',
    example: 'cardea audit head',
  }).action(async ({ json }: VerbOptions) => {
    await withDatabase(terminal, async (database) => {
      await sealAll(database)
      const head = await chainHead(database)
      print(terminal, json, head, [`${head.position}:${head.hash}`])
    })
  })
}
