import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import { digest, randomSecret } from '../crypto/index.ts'
import type { Db, Tx } from '../db/index.ts'
import { setPasswordHash } from './change-user.ts'
import { endMailTickets } from './mail-ticket.ts'
import { toUser } from './user.ts'
import type { User } from './user.ts'

export type TicketPurpose = 'invite' | 'reset'

const HOURS: Record<TicketPurpose, number> = { invite: 24, reset: 1 }

/**
 * Makes the secret of a one-time link with which a user sets a password: 256 random bits, of which only the digest stays, good for
 * 24 hours (invite) or one (reset). The newest replaces any older. Records it. Returns null when there is no such user or
 * the user is disabled.
 */
export async function issuePasswordTicket(
  tx: Tx,
  { userId, purpose }: { userId: string; purpose: TicketPurpose },
  by: By = {},
): Promise<{ ticket: string; expiresAt: Date } | null> {
  const ticket = randomSecret()
  const rows = await tx.$queryRaw<{ expiresAt: Date }[]>`
    INSERT INTO password_tickets (user_id, digest, purpose, created_at, expires_at)
    SELECT id, ${digest(ticket)}, ${purpose}, now(), now() + make_interval(hours => ${HOURS[purpose]}::int)
    FROM users WHERE id = ${userId}::uuid AND disabled_at IS NULL
    ON CONFLICT (user_id) DO UPDATE SET
      digest = excluded.digest, purpose = excluded.purpose, created_at = excluded.created_at, expires_at = excluded.expires_at
    RETURNING expires_at AS "expiresAt"`
  const [row] = rows
  if (!row) return null
  await endMailTickets(tx, userId, ['invite', 'reset'])
  const type = purpose === 'invite' ? 'user.invited' : 'user.password_reset_started'
  await record(tx, { type, userId, ...by, detail: { expires_at: row.expiresAt.toISOString() } })
  return { ticket, expiresAt: row.expiresAt }
}

/** Whose ticket it is and for what, while it is good; does not use it up. */
export async function findPasswordTicket(
  db: Db,
  ticket: string,
): Promise<{ user: User; purpose: TicketPurpose } | null> {
  const row = await db.passwordTicket.findUnique({
    where: { digest: asBytes(ticket) },
    include: { user: true },
  })
  const [clock] = await db.$queryRaw<{ now: Date }[]>`SELECT now() AS now`
  if (!row || !clock || row.expiresAt <= clock.now || row.user.disabledAt !== null) return null
  return { user: toUser(row.user), purpose: row.purpose === 'invite' ? 'invite' : 'reset' }
}

/**
 * Uses a ticket up and gives its user the new password hash, in the caller's transaction: of all who bring the same ticket at the same
 * moment one finds it (FT-14). Never touches the second factor. Returns the user's id, or null when it is not good any more.
 */
export async function spendPasswordTicket(
  tx: Tx,
  { ticket, passwordHash }: { ticket: string; passwordHash: string },
  by: By = {},
): Promise<string | null> {
  const [spent] = await tx.$queryRaw<{ userId: string }[]>`
    DELETE FROM password_tickets t USING users u
    WHERE t.digest = ${digest(ticket)} AND t.expires_at > now() AND u.id = t.user_id AND u.disabled_at IS NULL
    RETURNING t.user_id AS "userId"`
  if (!spent) return null
  const actor = by.actor ?? { via: 'user' as const, userId: spent.userId }
  await setPasswordHash(tx, spent.userId, passwordHash, { ...by, actor })
  return spent.userId
}

function asBytes(ticket: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(digest(ticket))
}
