import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Db } from '../db/index.ts'
import { atomically } from './atomically.ts'
import { assertPasswordHash } from './hash-parameters.ts'
import { endMailTickets } from './mail-ticket.ts'
import { forgetTrustedBrowsers } from './trusted-browsers.ts'
import { findUser } from './user.ts'
import type { User } from './user.ts'
import { isUserId } from './user-id.ts'

/**
 * Disables or enables a user and records it; asking twice changes and records nothing more. Returns the user, or null when
 * there is none. Ending the user's sessions and tokens is composed with this by the caller, in one transaction.
 */
export async function setDisabled(db: Db, id: string, disabled: boolean, by: By = {}): Promise<User | null> {
  if (!isUserId(id)) return null
  return atomically(db, async (tx) => {
    const { count } = await tx.user.updateMany({
      where: { id, disabledAt: disabled ? null : { not: null } },
      data: { disabledAt: disabled ? new Date() : null },
    })
    if (count > 0) await record(tx, { type: disabled ? 'user.disabled' : 'user.enabled', userId: id, ...by })
    await tx.passwordTicket.deleteMany({ where: { userId: id } })
    await endMailTickets(tx, id)
    return findUser(tx, id)
  })
}

/**
 * Gives a user a new password hash (from a PasswordHasher) and records it. Returns the user, or null when there is none.
 * Whether the password is good enough and which sessions it ends is decided before and composed above.
 */
export async function setPasswordHash(
  db: Db,
  id: string,
  passwordHash: string,
  by: By = {},
): Promise<User | null> {
  assertPasswordHash(passwordHash)
  if (!isUserId(id)) return null
  return atomically(db, async (tx) => {
    const { count } = await tx.user.updateMany({ where: { id }, data: { passwordHash } })
    if (count > 0) await record(tx, { type: 'user.password_changed', userId: id, ...by })
    // A link that is still about would set yet another, or give the account the address of whoever was in it before.
    await tx.passwordTicket.deleteMany({ where: { userId: id } })
    await endMailTickets(tx, id)
    await forgetTrustedBrowsers(tx, id, by)
    return findUser(tx, id)
  })
}
