import type { Command } from 'commander'
import { record } from '../../audit/index.ts'
import { unlockUser } from '../../users/index.ts'
import { byOperator } from '../by-operator.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { requireUser } from './find.ts'

/** `cardea user unlock`: the way back in, before it opens by itself, for someone whose attempts a stranger used up. */
export function addUnlock(users: Command, terminal: Terminal): void {
  addVerb(users, {
    usage: 'unlock <email-or-id>',
    summary: "forget the failed attempts on a user's password and codes",
    example: 'cardea user unlock ada@example.com',
  }).action(async (named: string, { json }: VerbOptions) => {
    await withDatabase(terminal, async (database) => {
      const { id, email } = await requireUser(database.prisma, named)
      const counters = await database.transaction(async (tx) => {
        const removed = (await unlockUser(tx, id)) ?? 0
        await record(tx, { type: 'user.unlocked', userId: id, detail: { counters: removed }, ...byOperator })
        return removed
      })
      print(terminal, json, { id, email, counters }, [`Unlocked ${email}.`])
    })
  })
}
