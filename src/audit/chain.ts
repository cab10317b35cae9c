import { createHash } from 'node:crypto'

/** The hash before the first link. */
export const GENESIS = Buffer.alloc(32)

/** The hash of the next link: everything before it, and this event. */
export function nextHash(previous: Uint8Array, digest: Uint8Array): Buffer {
  return createHash('sha256').update(previous).update(digest).digest()
}

/** What the sealers remember of how far event ids are final (audit_chain). */
export type Settlement = { settled: bigint; candidate: bigint | null; holders: readonly string[] }

/**
 * How far event ids are final after a turn of the sealer. Ids are given out before their transactions commit, so that one may
 * appear below others long since seen; but whoever was given an id holds a lock on the table until its end. So the newest id
 * seen (`newest`) becomes final once all who held the lock then (`holders`) are gone. `holdersNow` was read after `newest`, and
 * the events that are not in the chain after that, so what those who are gone have written is in it: all of it when `linkedUpTo`
 * is null, else up to that id, because a turn is bounded.
 */
export function settle(
  before: Settlement,
  seen: { newest: bigint | null; holdersNow: readonly string[]; linkedUpTo: bigint | null },
): Settlement {
  const { newest, holdersNow, linkedUpTo } = seen
  const now = new Set(holdersNow)
  const fresh = before.candidate === null || holdersNow.length === 0
  const candidate = fresh ? newest : before.candidate
  const holders = fresh ? holdersNow : before.holders.filter((holder) => now.has(holder))
  if (candidate === null || holders.length > 0) return { settled: before.settled, candidate, holders }
  const reached = linkedUpTo === null || linkedUpTo > candidate ? candidate : linkedUpTo
  const settled = reached > before.settled ? reached : before.settled
  if (settled < candidate) return { settled, candidate, holders: [] }
  // The next one at once, so that it is final a turn earlier.
  const next = newest !== null && newest > settled ? newest : null
  return { settled, candidate: next, holders: next === null ? [] : holdersNow }
}
