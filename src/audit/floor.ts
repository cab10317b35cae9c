import type { Pool, PoolClient } from '../db/index.ts'
import { GENESIS } from './chain.ts'

/** Where the chain that is still there begins: behind this position, whose hash is all that is left of what came before. */
export type Floor = {
  position: bigint
  hash: Buffer
  /** Everything that was removed happened before this instant; null when nothing was. */
  before: Date | null
}

/** Where the chain begins by now: at zero, or where the last removal says. The event that says so is proven by the chain that it is in. */
export async function readFloor(db: Pool | PoolClient): Promise<Floor> {
  const { rows } = await db.query<{ detail: { up_to?: unknown; hash?: unknown; before?: unknown } }>(
    `SELECT detail FROM audit_events WHERE type = 'audit.events_removed' ORDER BY id DESC LIMIT 1`,
  )
  const { up_to: upTo, hash, before } = rows[0]?.detail ?? {}
  // Written by somebody else, it may say anything: then the chain is walked from zero, and does not begin there.
  const readable = typeof upTo === 'string' && /^\d{1,18}$/.test(upTo) && typeof hash === 'string'
  if (!readable) return { position: 0n, hash: GENESIS, before: null }
  return { position: BigInt(upTo), hash: Buffer.from(hash, 'hex'), before: new Date(String(before)) }
}
