import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import { isUniqueViolation } from '../db/index.ts'
import type { Prisma, Role, Tx } from '../db/index.ts'
import { normaliseEmail } from './email.ts'
import { endMailTickets } from './mail-ticket.ts'
import { normaliseName } from './name.ts'
import { findUser, toUser } from './user.ts'
import type { User } from './user.ts'

/** What may be changed about a user; what is absent stays. */
export type UserPatch = {
  name?: string | null | undefined
  /** A new address is unverified, unless `emailVerified` says otherwise. */
  email?: string | undefined
  emailVerified?: boolean | undefined
  role?: Role | null | undefined
  /** BCP 47: which of our languages they read. */
  locale?: string | null | undefined
}

type UserUpdated =
  | { ok: true; user: User }
  | { ok: false; reason: 'not_found' | 'email_invalid' | 'email_taken' | 'name_invalid' }

/**
 * Changes a user and records which fields, with the role before and after; a patch that changes nothing records nothing. Refuses
 * an address that is none or belongs to somebody, and a name that cannot be shown. After `email_taken` the transaction cannot be used
 * any more. Whether the caller may give this role is decided above.
 */
export async function updateUser(tx: Tx, id: string, patch: UserPatch, by: By = {}): Promise<UserUpdated> {
  const before = await findUser(tx, id)
  if (!before) return { ok: false, reason: 'not_found' }
  const name = patch.name === undefined ? before.name : normaliseName(patch.name)
  if (name === undefined) return { ok: false, reason: 'name_invalid' }
  const email = patch.email === undefined ? before.email : normaliseEmail(patch.email)
  if (email === null) return { ok: false, reason: 'email_invalid' }
  const emailVerified = patch.emailVerified ?? (email === before.email && before.emailVerified)
  const role = patch.role === undefined ? before.role : patch.role
  const locale = patch.locale === undefined ? before.locale : patch.locale
  const after = { name, email, emailVerified, role, locale }
  const changed = (Object.keys(after) as (keyof typeof after)[]).filter((key) => after[key] !== before[key])
  if (changed.length === 0) return { ok: true, user: before }
  const user = await write(tx, id, after)
  if (!user) return { ok: false, reason: 'email_taken' }
  // A link that was sent to the old address must not open the account of the new one, nor one that somebody was given who may
  // not touch what the account has become.
  if (email !== before.email || role !== before.role) {
    await tx.passwordTicket.deleteMany({ where: { userId: id } })
    await endMailTickets(tx, id)
  }
  const roles = role === before.role ? {} : { role_before: before.role, role_after: role }
  await record(tx, { type: 'user.updated', userId: id, ...by, detail: { fields: changed, ...roles } })
  return { ok: true, user }
}

async function write(tx: Tx, id: string, data: Prisma.UserUpdateInput): Promise<User | null> {
  try {
    return toUser(await tx.user.update({ where: { id }, data }))
  } catch (error) {
    if (isUniqueViolation(error)) return null
    throw error
  }
}
