import type pg from 'pg'

/** A row of Prisma's own table, so that `prisma migrate` and we always agree. */
export type HistoryEntry = {
  name: string
  checksum: string
  state: 'applied' | 'failed' | 'rolled_back'
}

export type Queryable = Pick<pg.ClientBase, 'query'> | Pick<pg.Pool, 'query'>

/** The definition that Prisma's schema engine uses. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                  VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum            VARCHAR(64) NOT NULL,
  finished_at         TIMESTAMPTZ,
  migration_name      VARCHAR(255) NOT NULL,
  logs                TEXT,
  rolled_back_at      TIMESTAMPTZ,
  started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`

/** Makes the table if it is missing. Only under the migration lock: two at once would collide. */
export async function createHistory(db: Queryable): Promise<void> {
  if (!(await hasHistory(db))) await db.query(CREATE_TABLE)
}

/** What happened to each migration so far, oldest first; nothing where no migration ever ran. */
export async function readHistory(db: Queryable): Promise<HistoryEntry[]> {
  if (!(await hasHistory(db))) return []
  const { rows } = await db.query<HistoryEntry>(`
    SELECT migration_name AS name, checksum,
           CASE WHEN rolled_back_at IS NOT NULL THEN 'rolled_back'
                WHEN finished_at IS NOT NULL THEN 'applied'
                ELSE 'failed' END AS state
      FROM _prisma_migrations ORDER BY started_at, migration_name`)
  return rows
}

async function hasHistory(db: Queryable): Promise<boolean> {
  const { rows } = await db.query<{ there: boolean }>(
    "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there",
  )
  return rows[0]?.there ?? false
}
