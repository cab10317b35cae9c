import { sameBytes } from '../crypto/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database, Pool } from '../db/index.ts'
import type { KnownHead } from './checkpoint.ts'
import { diagnose } from './diagnose.ts'
import type { Break, Place } from './diagnose.ts'
import { doubtOf, readFloor } from './floor.ts'
import type { Floor } from './floor.ts'
import { linkBehind, linkBelow, readHead, readLinks, unlinkedEvent } from './read-chain.ts'
import type { FindKey } from './signature.ts'
import { verifyCheckpoints } from './verify-checkpoints.ts'

export type Verification =
  | {
      ok: true
      /** The head: how many events the chain has, and the hash that stands for all of them. */
      position: string
      hash: string
      /** How many signatures were checked, and the position up to which one stands for the chain. */
      checkpoints: number
      signedUpTo: string
      /** What retention removed, from the first event on; null when nothing. */
      removed: { upTo: string; before: string } | null
    }
  | ({ ok: false } & Break)

type Trust = { findKey: FindKey; known?: KnownHead | undefined; sealer?: Sealer | null }

const BATCH = 1000

/**
 * Recomputes the hash chain from the first event that retention has left to its present head, in batches, then checks the signed checkpoints and that
 * no settled event stands outside the chain. Names the first thing that does not fit. `known` is a head noted earlier and kept
 * where whoever can write to the database cannot: the chain must still pass through it. It only reads. With a `sealer`
 * of the server's key ring it also checks that it was retention that recorded where the chain begins. Events that are not
 * sealed yet, the newest second or two, are not covered.
 */
export async function verifyChain(
  { pool }: Pick<Database, 'pool'>,
  { findKey, known, sealer = null, batch = BATCH }: Trust & { batch?: number },
): Promise<Verification> {
  for (;;) {
    const floor = await readFloor(pool)
    const result = await verifyFrom(pool, floor, { findKey, known, sealer, batch })
    // Retention came by while it was read.
    if (result.ok || (await readFloor(pool)).position === floor.position) return result
  }
}

async function verifyFrom(
  pool: Pool,
  floor: Floor,
  { findKey, known, sealer = null, batch }: Trust & { batch: number },
): Promise<Verification> {
  const head = await readHead(pool)
  const walked = await walk(pool, { floor, upTo: head.position, known, batch })
  if ('problem' in walked) return { ok: false, ...walked }
  const doubt = doubtOf(floor, sealer)
  if (doubt)
    return {
      ...{ ok: false, problem: doubt, position: String(floor.position) },
      eventId: floor.marker?.eventId ?? null,
    }
  const below = await linkBelow(pool, floor.position)
  if (below) return { ok: false, ...below }
  const signed = await verifyCheckpoints(pool, findKey)
  if ('problem' in signed) return { ok: false, ...signed }
  const behind = await linkBehind(pool)
  if (behind) return { ok: false, ...behind }
  // The end was cut off, or the note of where it is was changed.
  if (walked.position !== head.position || !sameBytes(walked.hash, head.hash))
    return { ok: false, problem: 'head_changed', position: String(walked.position), eventId: null }
  const eventId = await unlinkedEvent(pool, { floor: floor.position, head })
  if (eventId !== null) return { ok: false, problem: 'event_inserted', position: null, eventId }
  const { count, last } = signed
  return {
    ...{ ok: true, position: String(head.position), hash: head.hash.toString('hex') },
    ...{ checkpoints: count, signedUpTo: String(last) },
    removed: floor.before && { upTo: String(floor.position), before: floor.before.toISOString() },
  }
}

async function walk(
  pool: Pool,
  { floor, upTo, known, batch }: { floor: Floor; upTo: bigint; known: KnownHead | undefined; batch: number },
): Promise<Place | Break> {
  let place: Place = floor
  let toMeet = known
  if (known && BigInt(known.position) < floor.position)
    return { problem: 'head_removed', position: known.position, eventId: null }
  if (known && BigInt(known.position) === floor.position) {
    if (known.hash.toLowerCase() !== floor.hash.toString('hex'))
      return { problem: 'head_changed', position: known.position, eventId: null }
    toMeet = undefined
  }
  for (;;) {
    const links = await readLinks(pool, { after: place.position, upTo, limit: batch })
    const broken = diagnose(place, links)
    if (broken) return broken
    const meeting = links.find(({ position }) => position === toMeet?.position)
    if (meeting) {
      if (meeting.hash.toString('hex') !== toMeet?.hash.toLowerCase())
        return { problem: 'head_changed', position: meeting.position, eventId: null }
      toMeet = undefined
    }
    const last = links.at(-1)
    if (last) place = { position: BigInt(last.position), hash: last.hash }
    if (links.length < batch) break
  }
  return toMeet ? { problem: 'head_changed', position: toMeet.position, eventId: null } : place
}
