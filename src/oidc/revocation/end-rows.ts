import { Prisma } from '../../db/index.ts'
import type { Tx } from '../../db/index.ts'
import { TOMBSTONE } from '../store/statements.ts'
import { byKind, noCounts, plus } from './counts.ts'
import type { RevocationCounts } from './counts.ts'
import type { Covered, SelectorRecord } from './selector.ts'
import { noticesForGrants, noticesForSessions } from './notices.ts'

const { sql } = Prisma

export type Ended = { counts: RevocationCounts; jwtUntil: Date | null; done: boolean }

export type Batch = { id: string; record: SelectorRecord; covered: Covered; notify: boolean; limit: number }

/**
 * Ends up to `limit` rows of each kind that a revocation covers: sessions and grants become tombstones, so that a request in flight
 * cannot write them back; opaque tokens go; JWTs are marked, because the status list that tells the APIs is made from them.
 * Tokens before their grants: the engine takes its locks in that order too.
 */
export async function endRows(tx: Tx, batch: Batch): Promise<Ended> {
  const { covered, limit } = batch
  let done = true
  let counts = noCounts
  let jwtUntil: Date | null = null
  if (covered.interactions)
    done =
      (await tx.$executeRaw`DELETE FROM interactions WHERE digest IN
        (SELECT i.digest FROM interactions i WHERE ${covered.interactions} LIMIT ${limit})`) < limit && done
  if (covered.sessions) {
    const sessions = await endSessions(tx, batch, covered.sessions)
    counts = plus(counts, { sessions: sessions.living })
    done = sessions.rows < limit && done
  }
  const note = (tokens: TokensEnded) => {
    counts = plus(counts, byKind(tokens.kinds))
    jwtUntil = later(jwtUntil, tokens.jwtUntil)
    done = tokens.rows < limit && done
  }
  if (covered.grants) {
    const grants = await endGrants(tx, batch, covered.grants, note)
    counts = plus(counts, { grants: grants.living })
    done = grants.rows < limit && done
  }
  if (covered.tokens) {
    const { remaining_grants: remaining } = batch.record
    const tokens = remaining
      ? tokensUnder(remaining, limit)
      : sql`(SELECT t.digest, t.kind FROM tokens t WHERE ${covered.tokens} AND t.revoked_at IS NULL LIMIT ${limit} FOR UPDATE)`
    note(await endTokens(tx, tokens, limit))
  }
  return { counts, jwtUntil, done }
}

async function endSessions(tx: Tx, { id, notify, limit }: Batch, covered: Prisma.Sql) {
  const ending = await tx.$queryRaw<{ uid: string; living: boolean }[]>`
    SELECT s.uid, (s.user_id IS NOT NULL AND s.expires_at > now()) IS NOT FALSE AS living
    FROM sessions s WHERE ${covered} AND s.revoked_at IS NULL LIMIT ${limit} FOR UPDATE`
  const uids = ending.map(({ uid }) => uid)
  if (uids.length > 0) {
    if (notify) await noticesForSessions(tx, id, uids)
    await tx.$executeRaw`
      UPDATE sessions s SET revoked_at = now(), payload = ${Prisma.raw(TOMBSTONE)} WHERE s.uid = ANY(${uids})`
  }
  return { rows: ending.length, living: ending.filter(({ living }) => living).length }
}

async function endGrants(
  tx: Tx,
  { id, notify, limit }: Batch,
  covered: Prisma.Sql,
  note: (tokens: TokensEnded) => void,
) {
  const ending = await tx.$queryRaw<{ id: string; living: boolean }[]>`
    SELECT g.id, (g.expires_at > now()) IS NOT FALSE AS living FROM grants g
    WHERE ${covered} AND g.revoked_at IS NULL LIMIT ${limit}`
  const ids = ending.map((grant) => grant.id)
  if (ids.length === 0) return { rows: 0, living: 0 }
  const tokens = await endTokens(tx, tokensUnder(ids, limit), limit)
  note(tokens)
  // More tokens under these grants than one batch takes: the grants go with the last of them.
  if (tokens.rows >= limit) return { rows: limit, living: 0 }
  if (notify) await noticesForGrants(tx, id, ids)
  await tx.grant.updateMany({ where: { id: { in: ids }, revokedAt: null }, data: { revokedAt: new Date() } })
  return { rows: ending.length, living: ending.filter(({ living }) => living).length }
}

type TokensEnded = { rows: number; kinds: { kind: string; living: number }[]; jwtUntil: Date | null }

/**
 * The tokens that hang from these grants, each grant looked up by itself: told all at once, the planner reads the whole table for the
 * first few it finds, and finds them later and later.
 */
function tokensUnder(grantIds: readonly string[], limit: number): Prisma.Sql {
  return sql`(SELECT t.digest, t.kind FROM unnest(${[...grantIds]}::text[]) AS named(id)
    CROSS JOIN LATERAL (SELECT digest, kind FROM tokens WHERE grant_id = named.id AND revoked_at IS NULL LIMIT ${limit} FOR UPDATE) t
    LIMIT ${limit})`
}

async function endTokens(tx: Tx, covered: Prisma.Sql, limit: number): Promise<TokensEnded> {
  const kinds = await tx.$queryRaw<{ kind: string; rows: number; living: number; until: Date | null }[]>`
    WITH doomed AS (SELECT covered.digest, covered.kind FROM ${covered} covered LIMIT ${limit}), gone AS (
      DELETE FROM tokens USING doomed d WHERE tokens.digest = d.digest AND tokens.kind = d.kind AND tokens.status_list IS NULL
      RETURNING tokens.kind, tokens.consumed_at, tokens.expires_at
    ), listed AS (
      UPDATE tokens SET revoked_at = now() FROM doomed d
      WHERE tokens.digest = d.digest AND tokens.kind = d.kind AND tokens.status_list IS NOT NULL
      RETURNING tokens.kind, tokens.consumed_at, tokens.expires_at
    )
    SELECT kind, count(*)::int AS rows,
      (count(*) FILTER (WHERE consumed_at IS NULL AND (expires_at > now()) IS NOT FALSE))::int AS living,
      max(expires_at) FILTER (WHERE kind = 'JwtAccessToken') AS until
    FROM (SELECT * FROM gone UNION ALL SELECT * FROM listed) ended GROUP BY kind`
  return {
    rows: kinds.reduce((sum, { rows }) => sum + rows, 0),
    kinds,
    jwtUntil: kinds.reduce<Date | null>((latest, { until }) => later(latest, until), null),
  }
}

export function later(one: Date | null, other: Date | null): Date | null {
  if (!one || !other) return one ?? other
  return one > other ? one : other
}
