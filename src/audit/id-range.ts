import type { Pool } from '../db/index.ts'

/** Ids greater than `above` and not greater than `upTo`. */
export type IdRange = { above?: bigint; upTo?: bigint }

/**
 * Ids between which all events of a span of time are, and few others: found by probing, so that time needs no index that
 * each event would pay for. The events between them are still to be filtered by their time.
 */
export async function idRange(
  pool: Pool,
  { from, to }: { from?: Date | undefined; to?: Date | undefined },
): Promise<IdRange> {
  const find = async (boundary: string, time: Date): Promise<bigint | undefined> => {
    const { rows } = await pool.query<{ id: string | null }>(`SELECT ${boundary}::text AS id`, [time])
    const id = rows[0]?.id ?? null
    return id === null ? undefined : BigInt(id)
  }
  const above = from && (await find(idBefore('$1::timestamptz'), from))
  const upTo = to && (await find(idThrough('$1::timestamptz'), to))
  return { ...(above !== undefined && { above }), ...(upTo !== undefined && { upTo }) }
}

/** A scalar subquery: an id such that all events from `time` on have greater ones; null where there are no events. */
export function idBefore(time: string): string {
  return boundary(`${time} - ${LONGEST_TRANSACTION}`)
}

/** A scalar subquery: an id such that all events before `time` have none greater. */
function idThrough(time: string): string {
  return boundary(`${time} + ${LONGEST_TRANSACTION}`)
}

/** Longer than any transaction lasts: an event's time is its transaction's beginning, its id was given out during it. */
const LONGEST_TRANSACTION = `interval '1 hour'`

/** Halves the ids until one is found whose event began before `time` while the next event did not. */
function boundary(time: string): string {
  return `(WITH RECURSIVE search (low, high) AS (
      SELECT min(id) - 1, max(id) FROM audit_events
      UNION ALL
      SELECT CASE WHEN probe.at < ${time} THEN probe.id ELSE low END,
             CASE WHEN probe.at < ${time} THEN high ELSE middle - 1 END
      FROM search CROSS JOIN LATERAL (SELECT (low + high + 1) / 2 AS middle) m
        CROSS JOIN LATERAL (SELECT e.id, e.at FROM audit_events e WHERE e.id >= middle ORDER BY e.id LIMIT 1) probe
      WHERE low < high)
    SELECT low FROM search WHERE low >= high)`
}
