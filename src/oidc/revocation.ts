import { record } from '../audit/index.ts'
import type { Tx } from '../db/index.ts'

/** Whose access ends. */
export type Selector =
  | { userId: string }
  | { clientId: string }
  | { sessionUid: string; keepOffline?: boolean }
  | { grantId: string }
/** How much ended. */
export type RevocationCounts = { sessions: number; grants: number; tokens: number }

/**
 * The one way in which access ends: "user disabled", "client deleted", "password changed", "signed in as someone else" are
 * this function with another selector. In the caller's transaction it marks sessions and grants (tombstones: a request in
 * flight cannot write them back) and removes codes and tokens; from the commit on every door on every instance refuses.
 */
export async function revoke(
  tx: Tx,
  selector: Selector,
  { reason, ip }: { reason: string; ip?: string | undefined },
): Promise<RevocationCounts> {
  const grants = await grantsOf(tx, selector)
  const sessions = await endSessions(tx, selector)
  const grantIds = await endGrants(tx, grants)
  const tokens = await tx.token.deleteMany({
    where:
      'clientId' in selector
        ? { OR: [{ grantId: { in: grantIds } }, { clientId: selector.clientId }] }
        : { grantId: { in: grantIds } },
  })
  await endSignIns(tx, selector)
  const counts = { sessions, grants: grantIds.length, tokens: tokens.count }
  const detail = { reason, ...counts }
  if (sessions > 0) await record(tx, { type: 'session.ended', ...subject(selector), ip, detail })
  if (grantIds.length > 0) await record(tx, { type: 'grant.revoked', ...subject(selector), ip, detail })
  return counts
}

/** A sign-in under way would go on from what was proven before: with the old password, to a client that is gone. */
async function endSignIns(tx: Tx, selector: Selector): Promise<void> {
  if ('clientId' in selector) await tx.interaction.deleteMany({ where: { clientId: selector.clientId } })
  if ('userId' in selector) await tx.interaction.deleteMany({ where: { userId: selector.userId } })
}

async function endSessions(tx: Tx, selector: Selector): Promise<number> {
  const ended = { revokedAt: new Date(), payload: {} }
  if ('userId' in selector)
    return (await tx.session.updateMany({ where: { userId: selector.userId, revokedAt: null }, data: ended }))
      .count
  if ('sessionUid' in selector)
    return (
      await tx.session.updateMany({ where: { uid: selector.sessionUid, revokedAt: null }, data: ended })
    ).count
  // A client or a grant ends without ending the browser's sign-in.
  return 0
}

async function endGrants(
  tx: Tx,
  where: { id?: { in: string[] }; userId?: string; clientId?: string },
): Promise<string[]> {
  const grants = await tx.grant.updateManyAndReturn({
    where: { revokedAt: null, ...where },
    data: { revokedAt: new Date() },
    select: { id: true },
  })
  return grants.map(({ id }) => id)
}

/** Whose grants. A session names its own; those with offline access may outlive it, by the user's own consent. */
async function grantsOf(
  tx: Tx,
  selector: Selector,
): Promise<{ id?: { in: string[] }; userId?: string; clientId?: string }> {
  if ('userId' in selector) return { userId: selector.userId }
  if ('clientId' in selector) return { clientId: selector.clientId }
  if ('grantId' in selector) return { id: { in: [selector.grantId] } }
  const rows = await tx.$queryRaw<{ payload: SessionPayload }[]>`
    SELECT payload FROM sessions WHERE uid = ${selector.sessionUid} AND revoked_at IS NULL FOR UPDATE`
  const authorizations = Object.values(rows[0]?.payload.authorizations ?? {})
  const ending = authorizations.filter(({ persistsLogout }) => !(selector.keepOffline && persistsLogout))
  return { id: { in: ending.flatMap(({ grantId }) => (grantId === undefined ? [] : [grantId])) } }
}

type SessionPayload = { authorizations?: Record<string, { grantId?: string; persistsLogout?: boolean }> }

function subject(selector: Selector): {
  userId?: string
  clientId?: string
  sessionUid?: string
  grantId?: string
} {
  if ('sessionUid' in selector) return { sessionUid: selector.sessionUid }
  return selector
}
