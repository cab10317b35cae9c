import type { Command } from 'commander'
import { setDisabled } from '../../users/index.ts'
import { byOperator } from '../by-operator.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { requireUser } from './find.ts'

/** `cardea user enable`: the user may sign in again. What ended when they were disabled stays ended. */
export function addEnable(users: Command, terminal: Terminal): void {
  addVerb(users, {
    usage: 'enable <email-or-id>',
    summary: 'let a disabled user sign in again',
    example: 'cardea user enable ada@example.com',
  }).action(async (named: string, { json }: VerbOptions) => {
    await withDatabase(terminal, async ({ prisma }) => {
      const { id, email } = await requireUser(prisma, named)
      await setDisabled(prisma, id, false, byOperator)
      print(terminal, json, { id, email }, [`Enabled ${email}.`])
    })
  })
}
