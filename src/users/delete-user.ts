import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Tx } from '../db/index.ts'
import { discardMails } from '../mail/index.ts'
import { endMailTickets } from './mail-ticket.ts'
import { isUserId } from './user-id.ts'
import { unlockUser } from './unlock-user.ts'

/**
 * Removes a user with their password, factors and failed attempts, and records it. The subject is never given to anybody again.
 * Returns whether there was one. Ending their access is composed with this by the caller, in one transaction and before.
 */
export async function deleteUser(tx: Tx, id: string, by: By = {}): Promise<boolean> {
  if (!isUserId(id)) return false
  await unlockUser(tx, id)
  await endMailTickets(tx, id)
  await discardMails(tx, { userId: id })
  const { count } = await tx.user.deleteMany({ where: { id } })
  if (count > 0) await record(tx, { type: 'user.deleted', userId: id, ...by })
  return count > 0
}
