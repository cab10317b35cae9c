import type { Db } from './connect.ts'

/** One kind of rows whose time is over, and the statement that removes a batch of them. */
export type Sweep = {
  table: string
  /**
   * Takes how many rows at most ($1) and from which instant on it looks ($2, or null: from the beginning). Answers with how many it `found`
   * and up to which instant it came (`reached`). It passes over rows that somebody holds.
   */
  statement: string
}

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
}): Sweep {
  const { table, by, keptSeconds, only = 'true', set, then } = old
  // By place and not by key: the rows are locked, so nobody moves them, and nothing is looked up twice.
  const these = 'ctid = ANY(ARRAY(SELECT place FROM old))'
  const act = set === undefined ? `DELETE FROM ${table}` : `UPDATE ${table} SET ${set}`
  return {
    table,
    statement: `WITH old AS MATERIALIZED (
        SELECT ctid AS place, ${by} AS instant FROM ${table}
        WHERE ${by} >= COALESCE($2::timestamptz, '-infinity') AND ${by} <= now() - interval '${keptSeconds} seconds' AND ${only}
        ORDER BY ${by} LIMIT $1::int FOR UPDATE SKIP LOCKED),
      gone AS (${act} WHERE ${these}${then ? ` RETURNING ${then.columns}),\n      ${then.do}` : ')'}
      SELECT count(*)::int AS found, max(instant) AS reached FROM old`,
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
