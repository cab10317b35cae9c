import type { Db } from './connect.ts'

/** What one table takes: bytes on disk with its indexes, and rows as the server last estimated them. */
export type TableSize = { table: string; bytes: number; rows: number }

/** The size of every table of ours and of the queue's. Reads catalogues and file sizes only. */
export async function tableSizes(db: Db): Promise<TableSize[]> {
  return db.$queryRaw<TableSize[]>`
    SELECT c.relname::text AS table, pg_total_relation_size(c.oid)::float8 AS bytes, GREATEST(c.reltuples, 0)::float8 AS rows
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname IN (current_schema(), 'graphile_worker') ORDER BY 1`
}
