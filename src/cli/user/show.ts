import type { Command } from 'commander'
import { factorsOf } from '../../users/index.ts'
import { columns, print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { requireUser } from './find.ts'

/** `cardea user show`: one user, and what they can prove a sign-in with. */
export function addShow(users: Command, terminal: Terminal): void {
  addVerb(users, {
    usage: 'show <email-or-id>',
    summary: 'show a user and their factors',
    example: 'cardea user show ada@example.com',
  }).action(async (named: string, { json }: VerbOptions) => {
    await withDatabase(terminal, async ({ prisma }) => {
      const user = await requireUser(prisma, named)
      const factors = await factorsOf(prisma, user.id)
      const rows = [
        ['e-mail', `${user.email}${user.emailVerified ? ' (verified)' : ''}`],
        ['id', user.id],
        ['name', user.name ?? '–'],
        ['role', user.role ?? '–'],
        ['status', user.disabledAt ? `disabled since ${user.disabledAt.toISOString()}` : 'active'],
        ['password', user.hasPassword ? 'set' : 'none'],
        ['authenticator', factors.totp ? 'set up' : 'none'],
        ['passkeys', `${factors.passkeys}`],
        ['recovery codes', `${factors.recoveryCodes} left`],
        ['created', user.createdAt.toISOString()],
      ]
      print(terminal, json, { ...user, factors }, columns(rows))
    })
  })
}
