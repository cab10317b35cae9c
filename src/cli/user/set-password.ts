import type { Command } from 'commander'
import { revoke } from '../../oidc/index.ts'
import { createPasswordHasher, setPasswordHash, tellUser } from '../../users/index.ts'
import { byOperator } from '../by-operator.ts'
import { noticeSealer, untoldLines } from '../notice.ts'
import { addPasswordOptions, newPassword } from '../password-input.ts'
import type { PasswordOptions } from '../password-input.ts'
import { sentenceOf } from '../revoked.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { requireUser } from './find.ts'

/** `cardea user set-password`: a new password; whoever signed in with the old one is signed out with the same commit, and the user is told by mail. */
export function addSetPassword(users: Command, terminal: Terminal): void {
  const command = addVerb(users, {
    usage: 'set-password <email-or-id>',
    summary: 'replace a password and end all sessions and tokens of the user',
    example: 'cardea user set-password ada@example.com --generate-password',
  })
  addPasswordOptions(command).action(async (named: string, options: VerbOptions & PasswordOptions) => {
    await withDatabase(terminal, async (database, config) => {
      const user = await requireUser(database.prisma, named)
      const { id, email } = user
      const { password, generated } = await newPassword(terminal, options, { ...user, config })
      const passwordHash = await createPasswordHasher(config.passwords).hash(password)
      const sealer = noticeSealer(terminal)
      const revoked = await database.transaction(async (tx) => {
        await setPasswordHash(tx, id, passwordHash, byOperator)
        if (sealer) await tellUser({ tx, sealer }, { userId: id, what: 'password_changed' })
        return revoke(tx, { userId: id }, { reason: 'password_changed', ...byOperator })
      })
      const result = { id, email, revoked, told: sealer !== null }
      print(terminal, options.json, { ...result, ...(generated ? { password } : {}) }, [
        `Set the password of ${email}. ${sentenceOf(revoked)}`,
        ...untoldLines(sealer),
        ...(generated ? [`  password  ${password}   (shown this once)`] : []),
      ])
    })
  })
}
