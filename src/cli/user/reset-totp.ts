import type { Command } from 'commander'
import { revoke } from '../../oidc/index.ts'
import { resetSecondFactor } from '../../users/index.ts'
import { byOperator } from '../by-operator.ts'
import { noticeSealer, untoldLines } from '../notice.ts'
import { sentenceOf } from '../revoked.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { requireUser } from './find.ts'

/** `cardea user reset-totp`: for someone who lost their second factor. The next sign-in sets up another. */
export function addResetTotp(users: Command, terminal: Terminal): void {
  addVerb(users, {
    usage: 'reset-totp <email-or-id>',
    summary: "remove a user's authenticators and passkeys and end all their sessions and tokens",
    example: 'cardea user reset-totp ada@example.com',
  }).action(async (named: string, { json }: VerbOptions) => {
    await withDatabase(terminal, async (database) => {
      const sealer = noticeSealer(terminal)
      const { id, email } = await requireUser(database.prisma, named)
      const { removed, revoked } = await database.transaction(async (tx) => ({
        removed: await resetSecondFactor({ tx, sealer }, id, byOperator),
        revoked: await revoke(tx, { userId: id }, { reason: 'totp_reset', ...byOperator }),
      }))
      print(terminal, json, { id, email, removed, revoked, told: removed && sealer !== null }, [
        removed ? `Removed the second factors of ${email}.` : `${email} had no second factor.`,
        sentenceOf(revoked),
        ...(removed ? untoldLines(sealer) : []),
      ])
    })
  })
}
