import type { Pool } from '../db/index.ts'

/** Longer than any transaction lasts: an event's time is its transaction's beginning, its id was given out during it. */
const LONGEST_TRANSACTION_MS = 3_600_000

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
  if (!from && !to) return {}
  const { rows } = await pool.query<{ least: string | null; most: string | null }>(
    'SELECT min(id)::text AS least, max(id)::text AS most FROM audit_events',
  )
  const { least, most } = rows[0] ?? {}
  if (!least || !most) return {}
  const all = { least: BigInt(least), most: BigInt(most) }
  return {
    ...(from && { above: await lastBefore(pool, all, from.getTime() - LONGEST_TRANSACTION_MS) }),
    ...(to && { upTo: await lastBefore(pool, all, to.getTime() + LONGEST_TRANSACTION_MS) }),
  }
}

/** An id whose event began before `time`, while the next event did not. Time and ids run together but for a transaction's length. */
async function lastBefore(
  pool: Pool,
  { least, most }: { least: bigint; most: bigint },
  time: number,
): Promise<bigint> {
  let [low, high] = [least - 1n, most]
  while (low < high) {
    const middle = (low + high + 1n) / 2n
    const { rows } = await pool.query<{ id: string; at: Date }>(
      'SELECT e.id::text, e.at FROM audit_events e WHERE e.id >= $1 ORDER BY e.id LIMIT 1',
      [middle],
    )
    const [found] = rows
    if (found && found.at.getTime() < time) low = BigInt(found.id)
    else high = middle - 1n
  }
  return low
}
