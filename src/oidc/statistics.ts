import { Prisma } from '../db/index.ts'
import type { Db } from '../db/index.ts'

/** A number of rows; `estimated` when there are so many that only a sample was looked at. */
export type Estimate = { count: number; estimated: boolean }

export type AccessCounts = {
  sessions: Estimate
  grants: Estimate
  /** By the engine's kinds. */
  tokens: { byKind: Record<string, number>; estimated: boolean }
  revocationsLastDay: number
}

const { sql } = Prisma
/** Tables up to this size are counted row by row; of larger ones so many rows are sampled. */
const SAMPLE = 200_000

/** How much access there is right now. Cuts (`tokens not before`) are not looked at: what they end is swept soon. */
export async function countAccess(db: Db): Promise<AccessCounts> {
  const living = sql`revoked_at IS NULL AND expires_at > now()`
  const sessions = await countRows(db, 'sessions', sql`'all'`, sql`${living} AND user_id IS NOT NULL`)
  const grants = await countRows(db, 'grants', sql`'all'`, living)
  const tokens = await countRows(db, 'tokens', sql`kind`, sql`${living} AND consumed_at IS NULL`)
  const [revocations] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM revocations WHERE created_at > now() - interval '1 day'`
  return {
    sessions: { count: sessions.byKey['all'] ?? 0, estimated: sessions.estimated },
    grants: { count: grants.byKey['all'] ?? 0, estimated: grants.estimated },
    tokens: { byKind: tokens.byKey, estimated: tokens.estimated },
    revocationsLastDay: revocations?.count ?? 0,
  }
}

async function countRows(
  db: Db,
  table: 'sessions' | 'grants' | 'tokens',
  key: Prisma.Sql,
  where: Prisma.Sql,
): Promise<{ byKey: Record<string, number>; estimated: boolean }> {
  const [size] = await db.$queryRaw<{ rows: number }[]>`
    SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = ${table}::regclass`
  const share = Math.min(1, SAMPLE / Math.max(1, size?.rows ?? 0))
  const sample = share < 1 ? Prisma.raw(`TABLESAMPLE SYSTEM (${(share * 100).toFixed(6)})`) : Prisma.empty
  const rows = await db.$queryRaw<{ key: string; count: number }[]>`
    SELECT ${key} AS key, count(*)::int AS count FROM ${Prisma.raw(table)} ${sample} WHERE ${where} GROUP BY 1`
  const byKey = Object.fromEntries(rows.map((row) => [row.key, Math.round(row.count / share)]))
  return { byKey, estimated: share < 1 }
}
