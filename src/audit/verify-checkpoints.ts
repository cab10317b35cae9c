import type { Pool } from '../db/index.ts'
import type { Break } from './diagnose.ts'
import { openCheckpoint } from './signature.ts'
import type { FindKey } from './signature.ts'

const BATCH = 500

type Row = { position: string; hash: Buffer; signature: string; linked: Buffer | null }

/**
 * Checks that every checkpoint is signed by one of our keys, the newest by a proven one, and says of the chain what the chain
 * says of itself. The newest stands for all before it, so those may be signed by keys whose private parts are erased by now.
 * Returns how many there are and the position of the last one, or the first that does not hold.
 */
export async function verifyCheckpoints(
  pool: Pool,
  findKey: FindKey,
): Promise<{ count: number; last: bigint } | Break> {
  let [count, last, newestProven] = [0, 0n, true]
  for (;;) {
    const { rows } = await pool.query<Row>(
      `SELECT c.position::text, c.hash, c.signature, l.hash AS linked
       FROM audit_checkpoints c LEFT JOIN audit_links l ON l.position = c.position
       WHERE c.position > $1 ORDER BY c.position LIMIT $2`,
      [last, BATCH],
    )
    for (const { position, hash, signature, linked } of rows) {
      const opened = openCheckpoint(signature, findKey)
      if (opened?.said['position'] !== position || opened.said['hash'] !== hash.toString('hex'))
        return { problem: 'checkpoint_forged', position, eventId: null }
      if (linked?.equals(hash) !== true) return { problem: 'checkpoint_contradicts', position, eventId: null }
      last = BigInt(position)
      newestProven = opened.proven
    }
    count += rows.length
    if (rows.length < BATCH) break
  }
  return newestProven
    ? { count, last }
    : { problem: 'checkpoint_unproven', position: String(last), eventId: null }
}
