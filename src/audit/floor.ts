import { SealBroken } from '../crypto/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database, Pool, PoolClient } from '../db/index.ts'
import { GENESIS } from './chain.ts'
import { canonicalJson } from './event.ts'
import type { By } from './record.ts'
import { auditStatement } from './statement.ts'
import { inTransaction } from './transaction.ts'

/** Where the chain that is still there begins: behind this position, whose hash is all that is left of what came before. */
export type Floor = {
  position: bigint
  hash: Buffer
  /** Everything that was removed happened before this instant; null when nothing was. */
  before: Date | null
  /** The event that says so, if there is one; whether it is ours is for `doubtOf`. */
  marker: Marker | null
}

type Marker = { eventId: string; at: Date; detail: Record<string, unknown> }

/** What a removal says of itself: the last position that went, its hash, how many events, and before which instant they happened. */
type Removed = { up_to: string; hash: string; count: number; before: string }

/** The newest days are always kept: followers, webhooks and verifiers elsewhere may be behind by as much. */
export const LEAST_RETENTION_DAYS = 30
/** A day of a time zone may be an hour short. */
const LEAST_AGE_MS = (LEAST_RETENTION_DAYS * 24 - 2) * 3_600_000
const CONTEXT = 'audit.events_removed'

/** Where the chain begins by now: at zero, or where the last removal says. Nothing is checked. */
export async function readFloor(db: Pool | PoolClient): Promise<Floor> {
  const { rows } = await db.query<Marker>(
    `SELECT id::text AS "eventId", at, detail FROM audit_events WHERE type = 'audit.events_removed'
     ORDER BY audit_events.id DESC LIMIT 1`,
  )
  const marker = rows[0] ?? null
  const { up_to: upTo, hash, before } = marker?.detail ?? {}
  // Written by somebody else, it may say anything: then the chain is walked from zero, and does not begin there.
  const readable = typeof upTo === 'string' && /^\d{1,18}$/.test(upTo) && typeof hash === 'string'
  const since = new Date(String(before))
  if (!readable || Number.isNaN(since.getTime())) return { position: 0n, hash: GENESIS, before: null, marker }
  return { position: BigInt(upTo), hash: Buffer.from(hash, 'hex'), before: since, marker }
}

/** Records a removal in the transaction that removes, sealed under the key ring: who has only the database cannot write another. */
export async function recordRemoval(
  client: PoolClient,
  sealer: Sealer,
  removed: Removed,
  by: By,
): Promise<void> {
  const detail = { ...removed, seal: sealer.seal(canonicalJson(removed), CONTEXT) }
  await client.query(auditStatement({ type: 'audit.events_removed', ...by, detail }))
}

/**
 * What speaks against the event that says where the chain begins: `removal_forged`, not what retention wrote, or something retention would
 * not do; `removal_unproven`, sealed under a key that the ring has not got. Null when nothing does. Without a sealer the seal is not opened.
 */
export function doubtOf(
  { marker, before }: Floor,
  sealer: Sealer | null,
): 'removal_forged' | 'removal_unproven' | null {
  if (!marker) return null
  if (before === null || before.getTime() > marker.at.getTime() - LEAST_AGE_MS) return 'removal_forged'
  const { seal, ...removed } = marker.detail
  if (typeof seal !== 'string') return 'removal_forged'
  if (!sealer) return null
  try {
    return sealer.open(seal, CONTEXT) === canonicalJson(removed) ? null : 'removal_forged'
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    return error.reason === 'unknown_key' ? 'removal_unproven' : 'removal_forged'
  }
}

/** One removal at a time, and none while where the chain begins is sealed anew. Held until the transaction ends. */
export const REMOVAL_LOCK = `hashtext('cardea:audit-retention')`

/**
 * Says once more where the chain begins, sealed under the newest key of the ring, where it was under an older one, so that that may go.
 * `unreadable`: the id of the event whose seal does not open. With `dryRun` it only counts.
 */
export async function resealFloor(
  { pool, sealer }: Pick<Database, 'pool'> & { sealer: Sealer },
  { by, dryRun = false }: { by: By; dryRun?: boolean },
): Promise<{ resealed: number; unreadable: string[] }> {
  return inTransaction(pool, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(${REMOVAL_LOCK})`)
    const floor = await readFloor(client)
    const { marker, before } = floor
    if (marker && doubtOf(floor, sealer)) return { resealed: 0, unreadable: [marker.eventId] }
    if (!marker || !before || sealer.isCurrent(String(marker.detail['seal'])))
      return { resealed: 0, unreadable: [] }
    const said = { up_to: String(floor.position), hash: floor.hash.toString('hex') }
    if (!dryRun) await recordRemoval(client, sealer, { ...said, count: 0, before: before.toISOString() }, by)
    return { resealed: 1, unreadable: [] }
  })
}
