import { Prisma } from '../../db/index.ts'
import type { Tx } from '../../db/index.ts'
import { byKind, noCounts, plus } from './counts.ts'
import type { RevocationCounts } from './counts.ts'
import { coveredBy, namedGrants, recordOf } from './selector.ts'
import type { Selector } from './selector.ts'

const { sql } = Prisma

/** Counting goes no further than this: a dry run must not be slower than what it tries out. */
const MOST = 10_000

/** What `revoke` with this selector would end now, changing nothing. `atLeast` says that counting stopped early. */
export async function previewRevocation(
  tx: Tx,
  selector: Selector,
): Promise<{ counts: RevocationCounts; atLeast: boolean }> {
  const until = 'issuedBefore' in selector ? (selector.issuedBefore ?? null) : null
  const covered = coveredBy(recordOf(selector), await namedGrants(tx, selector), until)
  let counts = noCounts
  if (covered.sessions)
    counts = plus(counts, {
      sessions: await count(
        tx,
        sql`SELECT 1 FROM sessions s WHERE ${covered.sessions} AND s.revoked_at IS NULL AND s.user_id IS NOT NULL AND (s.expires_at > now()) IS NOT FALSE`,
      ),
    })
  if (covered.grants) {
    const living = sql`FROM grants g WHERE ${covered.grants} AND g.revoked_at IS NULL AND (g.expires_at > now()) IS NOT FALSE`
    counts = plus(counts, { grants: await count(tx, sql`SELECT 1 ${living}`) })
    counts = plus(counts, await tokens(tx, sql`t.grant_id IN (SELECT g.id ${living})`))
  }
  if (covered.tokens) counts = plus(counts, await tokens(tx, covered.tokens))
  return { counts, atLeast: Object.values(counts).some((number) => number >= MOST) }
}

async function count(tx: Tx, rows: Prisma.Sql): Promise<number> {
  const [found] = await tx.$queryRaw<
    { n: number }[]
  >`SELECT count(*)::int AS n FROM (${rows} LIMIT ${MOST}) AS few`
  return found?.n ?? 0
}

async function tokens(tx: Tx, covered: Prisma.Sql): Promise<Partial<RevocationCounts>> {
  const rows = await tx.$queryRaw<{ kind: string; living: number }[]>`
    SELECT kind, count(*)::int AS living FROM (
      SELECT t.kind FROM tokens t WHERE ${covered} AND t.revoked_at IS NULL AND t.consumed_at IS NULL
        AND (t.expires_at > now()) IS NOT FALSE LIMIT ${MOST}) AS few GROUP BY kind`
  return byKind(rows)
}
