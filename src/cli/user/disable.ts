import type { Command } from 'commander'
import { revoke } from '../../oidc/index.ts'
import { setDisabled } from '../../users/index.ts'
import { byOperator } from '../by-operator.ts'
import { sentenceOf } from '../revoked.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { requireUser } from './find.ts'

/** `cardea user disable`: the user signs in no more, and everything they are signed in to ends with the same commit. */
export function addDisable(users: Command, terminal: Terminal): void {
  addVerb(users, {
    usage: 'disable <email-or-id>',
    summary: 'disable a user and end all their sessions and tokens',
    example: 'cardea user disable ada@example.com',
  }).action(async (named: string, { json }: VerbOptions) => {
    await withDatabase(terminal, async (database) => {
      const { id, email } = await requireUser(database.prisma, named)
      const revoked = await database.transaction(async (tx) => {
        await setDisabled(tx, id, true, byOperator)
        return revoke(tx, { userId: id }, { reason: 'user_disabled', ...byOperator })
      })
      print(terminal, json, { id, email, revoked }, [`Disabled ${email}. ${sentenceOf(revoked)}`])
    })
  })
}
