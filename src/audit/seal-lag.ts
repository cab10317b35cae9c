import type { Db } from '../db/index.ts'

/** For how many seconds the oldest event that is not in the hash chain has been there; 0 when all are. Two probes of an index. */
export async function sealLag(db: Db): Promise<number> {
  const [row] = await db.$queryRaw<{ seconds: number }[]>`
    SELECT COALESCE(extract(epoch FROM now() - (
      SELECT e.at FROM audit_events e LEFT JOIN audit_links l ON l.event_id = e.id
      WHERE e.id > c.settled AND l.event_id IS NULL ORDER BY e.id LIMIT 1)), 0)::float8 AS seconds
    FROM audit_chain c WHERE c.id = 1`
  return Math.max(0, row?.seconds ?? 0)
}
