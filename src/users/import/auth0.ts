import { checkDraft } from './draft.ts'
import { fieldsOf, joined, listOf, textOr } from './fields.ts'
import type { ImportFormat } from './imported-user.ts'

/**
 * Users as Auth0 hands out a tenant's password hashes (`passwordHash`, one record a line), or as its own import takes them
 * (`password_hash`, `custom_password_hash`, `mfa_factors`). Auth0's ids are no UUIDs: each user gets one of ours.
 */
export const auth0: ImportFormat = {
  read(record) {
    const user = fieldsOf(record)
    if (!user) return { ok: false, reason: 'not_a_user', email: null }
    const factors = listOf(user['mfa_factors']).map(fieldsOf)
    return checkDraft({
      email: user['email'],
      emailVerified: user['email_verified'],
      name: realNameOf(user),
      locale: user['locale'],
      disabled: user['blocked'] === true,
      passwordHash: hashOf(user),
      totp: factors.filter((factor) => factor !== undefined).map(totpOf),
      // What a profile says of factors that the file does not hold.
      otherFactors: factors.length === 0 ? listOf(user['multifactor']).length : 0,
    })
  },
}

// Where nobody gave a name, Auth0 writes the address in its place.
function realNameOf(user: Record<string, unknown>): string | null {
  const name = textOr(user['name'])
  return name !== null && name !== user['email'] ? name : joined(user['given_name'], user['family_name'])
}

function hashOf(user: Record<string, unknown>): string | null | undefined {
  const custom = fieldsOf(user['custom_password_hash'])
  const value = custom ? fieldsOf(custom['hash'])?.['value'] : (user['passwordHash'] ?? user['password_hash'])
  if (value === undefined || value === null || value === '') return custom ? undefined : null
  // Salted before or after by hand: not what the algorithm's own string says.
  return typeof value === 'string' && custom?.['salt'] === undefined ? value : undefined
}

function totpOf(factor: Record<string, unknown>): { secret: string } | undefined {
  const secret = fieldsOf(factor['totp'])?.['secret']
  return typeof secret === 'string' ? { secret } : undefined
}
