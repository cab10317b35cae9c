import type { Tx } from '../../db/index.ts'
import { fromServer, isLater, SERVER_CUT } from '../store/cuts.ts'
import type { Selector } from './selector.ts'

/** What the caller keeps although the selector covers it: their own sign-in, or the token they call with. */
export type Keep = { sessionUid?: string | null; grantId?: string | null; token?: Uint8Array | null }

/**
 * Sets the instant up to which nothing is accepted any more, on the user, the client, the two together or the server, and returns it.
 * Null for selectors that name rows: those are marked themselves. The rows that carry cuts are locked first, so that two
 * revocations of the same come one after the other and none brings back what the other keeps out.
 */
export async function cut(tx: Tx, selector: Selector, keep: Keep): Promise<Date | null> {
  if (!('userId' in selector || 'clientId' in selector || 'everything' in selector)) return null
  await lock(tx, selector)
  const kept = await living(tx, keep)
  const now = await databaseNow(tx)
  const instant = selector.issuedBefore && selector.issuedBefore < now ? selector.issuedBefore : now
  await set(tx, selector, instant)
  await renew(tx, kept, instant)
  return instant
}

/** A millisecond is the unit of every issued_at: the next one is later than all that is there. */
export async function databaseNow(tx: Tx): Promise<Date> {
  const [row] = await tx.$queryRaw<
    { now: Date }[]
  >`SELECT date_trunc('milliseconds', clock_timestamp()) + interval '1 millisecond' AS now`
  if (!row) throw new Error('the database did not tell the time')
  return row.now
}

type Cutting = Extract<Selector, { userId: string } | { clientId: string } | { everything: true }>

async function lock(tx: Tx, selector: Cutting): Promise<void> {
  if ('everything' in selector) await tx.$queryRaw`SELECT 1 FROM server_state WHERE id = 1 FOR NO KEY UPDATE`
  else if (!('userId' in selector))
    await tx.$queryRaw`SELECT 1 FROM clients WHERE id = ${selector.clientId} FOR NO KEY UPDATE`
  else await tx.$queryRaw`SELECT 1 FROM users WHERE id = ${selector.userId}::uuid FOR NO KEY UPDATE`
}

async function set(tx: Tx, selector: Cutting, at: Date): Promise<void> {
  if ('everything' in selector)
    await tx.$executeRaw`UPDATE server_state SET tokens_not_before = GREATEST(tokens_not_before, ${at}) WHERE id = 1`
  else if (!('userId' in selector))
    await tx.$executeRaw`UPDATE clients SET tokens_not_before = GREATEST(tokens_not_before, ${at}) WHERE id = ${selector.clientId}`
  else if (!('clientId' in selector))
    await tx.$executeRaw`UPDATE users SET tokens_not_before = GREATEST(tokens_not_before, ${at}) WHERE id = ${selector.userId}::uuid`
  else
    await tx.$executeRaw`INSERT INTO cutoffs (user_id, client_id, tokens_not_before)
      VALUES (${selector.userId}::uuid, ${selector.clientId}, ${at})
      ON CONFLICT (user_id, client_id) DO UPDATE SET tokens_not_before = GREATEST(cutoffs.tokens_not_before, EXCLUDED.tokens_not_before)`
}

type Kept = { sessionUid: string | null; grantIds: string[]; token: Uint8Array<ArrayBuffer> | null }

/**
 * Of what is to be kept, what still counts, with the grants given in the session: a revocation that came first is not undone by
 * the exception of the next.
 */
async function living(tx: Tx, keep: Keep): Promise<Kept> {
  const session = await livingSession(tx, keep.sessionUid ?? null)
  const named = [...(session?.grantIds ?? []), ...(keep.grantId ? [keep.grantId] : [])]
  const grants = await tx.$queryRawUnsafe<{ id: string }[]>(
    `SELECT g.id FROM grants g CROSS JOIN ${fromServer}
      LEFT JOIN users u ON u.id = g.user_id LEFT JOIN clients c ON c.id = g.client_id
      LEFT JOIN cutoffs k ON k.user_id = g.user_id AND k.client_id = g.client_id
      WHERE g.id = ANY($1) AND g.revoked_at IS NULL
        AND ${isLater('g', SERVER_CUT, 'u.tokens_not_before', 'c.tokens_not_before', 'k.tokens_not_before')}`,
    named,
  )
  const [token] = await tx.$queryRawUnsafe<{ digest: Uint8Array<ArrayBuffer> }[]>(
    `SELECT t.digest FROM tokens t CROSS JOIN ${fromServer} LEFT JOIN clients o ON o.id = t.client_id
      WHERE t.digest = $1 AND t.grant_id IS NULL AND ${isLater('t', SERVER_CUT, 'o.tokens_not_before')}`,
    keep.token ? new Uint8Array(keep.token) : null,
  )
  return {
    sessionUid: session?.uid ?? null,
    grantIds: grants.map(({ id }) => id),
    token: token?.digest ?? null,
  }
}

async function livingSession(
  tx: Tx,
  uid: string | null,
): Promise<{ uid: string; grantIds: string[] } | null> {
  if (uid === null) return null
  const [row] = await tx.$queryRawUnsafe<{ uid: string; grants: string[] }[]>(
    `SELECT s.uid, ARRAY(SELECT a.value ->> 'grantId' FROM jsonb_each(s.payload -> 'authorizations') a) AS grants
      FROM sessions s CROSS JOIN ${fromServer} JOIN users u ON u.id = s.user_id
      WHERE s.uid = $1 AND s.revoked_at IS NULL AND ${isLater('s', SERVER_CUT, 'u.tokens_not_before')}`,
    uid,
  )
  return row ? { uid: row.uid, grantIds: row.grants } : null
}

/** From now on the kept ones go back to the moment after the cut. */
async function renew(tx: Tx, { sessionUid, grantIds, token }: Kept, cutAt: Date): Promise<void> {
  const issuedAt = new Date(cutAt.getTime() + 1)
  if (sessionUid !== null) await tx.session.update({ where: { uid: sessionUid }, data: { issuedAt } })
  await tx.grant.updateMany({ where: { id: { in: grantIds } }, data: { issuedAt } })
  if (token !== null) await tx.token.updateMany({ where: { digest: token }, data: { issuedAt } })
}
