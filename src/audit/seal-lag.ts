import type { Db } from '../db/index.ts'

/**
 * For how many seconds the oldest event that is not final has been there, 0 when all are; a second or two are as planned. Also one that is
 * in the hash chain: until it is final nobody is told of it. A probe of an index.
 */
export async function sealLag(db: Db): Promise<number> {
  const [row] = await db.$queryRaw<{ seconds: number }[]>`
    SELECT COALESCE(extract(epoch FROM now() - (
      SELECT e.at FROM audit_events e WHERE e.id > c.settled ORDER BY e.id LIMIT 1)), 0)::float8 AS seconds
    FROM audit_chain c WHERE c.id = 1`
  return Math.max(0, row?.seconds ?? 0)
}

/** A transaction that the sealer waits for: of a connection, or a prepared one (`gid`), which has none. */
export type OpenWriter = { pid: number; gid: null } | { pid: null; gid: string }

/** The transactions that were writing events when the sealer looked, and are open still: nothing is final before they end. */
export async function openWriters(db: Db): Promise<OpenWriter[]> {
  // A prepared transaction keeps the lock under the number of the session that began it; what it is called goes by its own id.
  return db.$queryRaw`
    SELECT DISTINCT l.pid, p.gid
    FROM audit_chain c JOIN pg_locks l ON l.virtualtransaction = ANY(c.holders)
      LEFT JOIN pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.virtualtransaction = l.virtualtransaction
      LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
    WHERE c.id = 1 AND l.locktype = 'relation' AND l.relation = 'audit_events'::regclass AND l.mode = 'RowExclusiveLock' AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND (l.pid IS NOT NULL OR p.gid IS NOT NULL)
    ORDER BY 1, 2`
}
