import type { Pool } from '../db/index.ts'
import type { Break } from './diagnose.ts'
import { openCheckpoint } from './signature.ts'
import type { TrustedKey } from './signature.ts'

const BATCH = 500

type Row = { position: string; hash: Buffer; signature: string; linked: Buffer | null }

/**
 * Checks that every checkpoint is signed by a trusted key and says of the chain what the chain says of itself. Returns how many
 * there are and the position of the last one, or the first that does not hold.
 */
export async function verifyCheckpoints(
  pool: Pool,
  trustedKey: TrustedKey,
): Promise<{ count: number; last: bigint } | Break> {
  let [count, last] = [0, 0n]
  for (;;) {
    const { rows } = await pool.query<Row>(
      `SELECT c.position::text, c.hash, c.signature, l.hash AS linked
       FROM audit_checkpoints c LEFT JOIN audit_links l ON l.position = c.position
       WHERE c.position > $1 ORDER BY c.position LIMIT $2`,
      [last, BATCH],
    )
    for (const row of rows) {
      const problem = problemOf(row, trustedKey)
      if (problem) return { problem, position: row.position, eventId: null }
      last = BigInt(row.position)
    }
    count += rows.length
    if (rows.length < BATCH) return { count, last }
  }
}

function problemOf(
  { position, hash, signature, linked }: Row,
  trustedKey: TrustedKey,
): 'checkpoint_forged' | 'checkpoint_contradicts' | null {
  const said = openCheckpoint(signature, trustedKey)
  if (said?.['position'] !== position || said['hash'] !== hash.toString('hex')) return 'checkpoint_forged'
  return linked?.equals(hash) ? null : 'checkpoint_contradicts'
}
