import type { Tx } from '../../db/index.ts'
import type { By } from '../../audit/index.ts'
import { createUser, issuePasswordTicket } from '../../users/index.ts'
import type { SpentMailTicket } from '../../users/index.ts'

/** What waits in a ticket until the address is confirmed. */
export type PendingAccount = { name: string | null; passwordHash: string; locale: string }

/** `ticket`: the account has no password yet; with this one its owner chooses it. */
type Made = { ok: true; ticket?: string } | { ok: false }

/**
 * Makes the account that a registration was for. Whoever confirms in another browser than the one that asked may be answering somebody
 * else's mail: anybody can register anybody's address, with a password of their own. So what was entered there is left behind, and
 * the reader of the mail chooses the password. Not ok when somebody else made an account for the address meanwhile.
 */
export async function makeAccount(
  tx: Tx,
  { email, detail }: SpentMailTicket,
  { isOwnBrowser }: { isOwnBrowser: boolean },
  by: By,
): Promise<Made> {
  const { locale, ...entered } = detail as PendingAccount
  const created = await createUser(
    tx,
    { ...(isOwnBrowser ? entered : {}), locale, email, emailVerified: true },
    by,
  )
  if (!created.ok) return { ok: false }
  if (isOwnBrowser) return { ok: true }
  const issued = await issuePasswordTicket(tx, { userId: created.user.id, purpose: 'invite' }, by)
  if (!issued) throw new Error('an account that was just made is not there')
  return { ok: true, ticket: issued.ticket }
}
