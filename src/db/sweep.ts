import type { Db } from './connect.ts'

/** One kind of rows whose time is over, and the statement that removes a batch of them. */
export type Sweep = {
  table: string
  /**
   * Takes how many rows at most ($1) and from which instant on it looks ($2, or null: from the beginning). Answers with how many it `found`
   * and up to which instant it came (`reached`). It passes over rows that somebody holds.
   */
  statement: string
  /**
   * When the time of the first row that it would take was over, as an instant in SQL; no rows when there is none. Found as the statement finds
   * it, by one look into the index.
   */
  oldest: string
}

/** For how long the oldest row of a table that a sweep would take has waited for it, in seconds; 0 where there is none. */
export type OldestExpired = { table: string; expiredSeconds: number }

/**
 * The rows of a table whose time in the column `by` was over `keptSeconds` ago, by the database's clock, the oldest first; `only` narrows them
 * down. With `set` they are changed and not removed, after which they must not be among them any more. With `then` something is done with
 * these columns of what was removed (the relation `gone`), in the same statement: one or more parts of a WITH. Everything here is written
 * into SQL as it is: none of it may come from outside. There must be an index that begins with `by`, under the same condition as `only`.
 */
export function sweepOf(old: {
  table: string
  by: string
  keptSeconds: number
  only?: string
  set?: string
  then?: { columns: string; do: string }
  /** When a row's time was over, where what it says in `by` alone does not tell. */
  overAt?: string
}): Sweep {
  const { table, by, keptSeconds, only = 'true', set, then, overAt = by } = old
  const kept = `interval '${keptSeconds} seconds'`
  const isOver = `${by} <= now() - ${kept} AND ${only}`
  // By place and not by key: the rows are locked, so nobody moves them, and nothing is looked up twice.
  const these = 'ctid = ANY(ARRAY(SELECT place FROM old))'
  const act = set === undefined ? `DELETE FROM ${table}` : `UPDATE ${table} SET ${set}`
  return {
    table,
    statement: `WITH old AS MATERIALIZED (
        SELECT ctid AS place, ${by} AS instant FROM ${table}
        WHERE ${by} >= COALESCE($2::timestamptz, '-infinity') AND ${isOver}
        ORDER BY ${by} LIMIT $1::int FOR UPDATE SKIP LOCKED),
      gone AS (${act} WHERE ${these}${then ? ` RETURNING ${then.columns}),\n      ${then.do}` : ')'}
      SELECT count(*)::int AS found, max(instant) AS reached FROM old`,
    oldest: `SELECT ${overAt} + ${kept} FROM ${table} WHERE ${isOver} ORDER BY ${by} LIMIT 1`,
  }
}

/**
 * Removes at most `limit` of the oldest rows, beginning at the instant `from`: what a batch came to (`reached`) is where the next one begins,
 * or it would pass over what all those before it have removed, which stays in the index until a vacuum. Fewer found than the limit means that
 * it came to the end.
 */
export async function sweepBatch(
  db: Db,
  { statement }: Sweep,
  { limit, from = null }: { limit: number; from?: Date | null },
): Promise<{ found: number; reached: Date | null }> {
  const [row] = await db.$queryRawUnsafe<{ found: number; reached: Date | null }[]>(statement, limit, from)
  return row ?? { found: 0, reached: null }
}

/** How far these sweeps are behind, each table once: what any of its sweeps should have taken. One statement, with a look into an index each. */
export async function oldestExpired(db: Db, sweeps: readonly Sweep[]): Promise<OldestExpired[]> {
  const probes = sweeps.map(({ table, oldest }) => `('${table}', (${oldest}))`)
  return db.$queryRawUnsafe<OldestExpired[]>(
    `SELECT name AS table, GREATEST(COALESCE(extract(epoch FROM now() - min(over_at)), 0), 0)::float8 AS "expiredSeconds"
     FROM (VALUES ${probes.join(', ')}) AS swept(name, over_at) GROUP BY name ORDER BY name`,
  )
}
