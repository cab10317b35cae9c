import { Prisma } from '../../db/index.ts'
import type { Tx } from '../../db/index.ts'
import { fromServer, isLater, SERVER_CUT } from '../store/cuts.ts'
import { coveredBy, recordOf } from './selector.ts'
import type { Covered, Selector } from './selector.ts'

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
  const now = await databaseNow(tx)
  const instant = selector.issuedBefore && selector.issuedBefore < now ? selector.issuedBefore : now
  const kept = await living(tx, keep, coveredBy(recordOf(selector), [], instant))
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

/**
 * Of what is to be kept, what this revocation would end and still counts: one that came first is not undone by the exception of the
 * next, and what is not covered does not become any younger.
 */
async function living(tx: Tx, keep: Keep, { sessions, grants, tokens }: Covered): Promise<Keep> {
  const { sql } = Prisma
  const all = Prisma.raw
  const [session] = await tx.$queryRaw<{ uid: string }[]>`
    SELECT s.uid FROM sessions s CROSS JOIN ${all(fromServer)} JOIN users u ON u.id = s.user_id
    WHERE s.uid = ${keep.sessionUid ?? null} AND s.revoked_at IS NULL AND ${sessions ?? sql`FALSE`}
      AND ${all(isLater('s', SERVER_CUT, 'u.tokens_not_before'))} FOR UPDATE OF s`
  const [grant] = await tx.$queryRaw<{ id: string }[]>`
    SELECT g.id FROM grants g CROSS JOIN ${all(fromServer)}
    LEFT JOIN users u ON u.id = g.user_id LEFT JOIN clients c ON c.id = g.client_id
    LEFT JOIN cutoffs k ON k.user_id = g.user_id AND k.client_id = g.client_id
    WHERE g.id = ${keep.grantId ?? null} AND g.revoked_at IS NULL AND ${grants ?? sql`FALSE`}
      AND ${all(isLater('g', SERVER_CUT, 'u.tokens_not_before', 'c.tokens_not_before', 'k.tokens_not_before'))}
    FOR UPDATE OF g`
  const [token] = await tx.$queryRaw<{ digest: Uint8Array }[]>`
    SELECT t.digest FROM tokens t CROSS JOIN ${all(fromServer)} LEFT JOIN clients o ON o.id = t.client_id
    WHERE t.digest = ${keep.token ? new Uint8Array(keep.token) : null} AND ${tokens ?? sql`FALSE`}
      AND ${all(isLater('t', SERVER_CUT, 'o.tokens_not_before'))} FOR UPDATE OF t`
  return { sessionUid: session?.uid ?? null, grantId: grant?.id ?? null, token: token?.digest ?? null }
}

/** The rows that are covered, without those that are kept. */
export function sparing(covered: Covered, { sessionUid, grantId, token }: Keep): Covered {
  const { sql } = Prisma
  const { sessions, grants, tokens } = covered
  return {
    ...covered,
    sessions: sessions && sessionUid ? sql`${sessions} AND s.uid <> ${sessionUid}` : sessions,
    grants: grants && grantId ? sql`${grants} AND g.id <> ${grantId}` : grants,
    tokens: tokens && token ? sql`${tokens} AND t.digest <> ${new Uint8Array(token)}` : tokens,
  }
}

/** From now on the kept ones go back to the moment after the cut. */
async function renew(tx: Tx, { sessionUid, grantId, token }: Keep, cutAt: Date): Promise<void> {
  const issuedAt = new Date(cutAt.getTime() + 1)
  if (sessionUid) await tx.session.update({ where: { uid: sessionUid }, data: { issuedAt } })
  if (grantId) await tx.grant.update({ where: { id: grantId }, data: { issuedAt } })
  if (token) await tx.token.updateMany({ where: { digest: new Uint8Array(token) }, data: { issuedAt } })
}
