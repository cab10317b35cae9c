import { checkDraft } from './draft.ts'
import { fieldsOf, listOf, textOr } from './fields.ts'
import type { ImportFormat } from './imported-user.ts'

/** Our own format, for systems that none of the others fits: see docs/passwords.md. */
export const cardea: ImportFormat = {
  read(record) {
    const user = fieldsOf(record)
    if (!user) return { ok: false, reason: 'not_a_user', email: null }
    const devices = listOf(user['totp']).map(fieldsOf)
    return checkDraft({
      email: user['email'],
      emailVerified: user['email_verified'],
      name: user['name'],
      locale: user['locale'],
      disabled: user['disabled'] === true,
      id: user['id'],
      passwordHash: user['password_hash'] == null ? null : (textOr(user['password_hash']) ?? undefined),
      totp: devices.map((device) => {
        const secret = device?.['secret']
        return typeof secret === 'string' ? { secret, name: device?.['name'] } : undefined
      }),
    })
  },
}
