import type { Database } from '../db/index.ts'
import type { Sign } from './signature.ts'
import { inTransaction } from './transaction.ts'

/** Signed this often: by then a rewritten chain can be told from the true one. */
const EVERY_SECONDS = 60
const EVERY_POSITIONS = 10_000

/** What the signature covers. */
export type CheckpointPayload = { position: string; hash: string; at: string }

/**
 * Signs the head of the chain, if it has moved on and the last signature is a minute or ten thousand events old. `always`:
 * whenever it has moved on. Returns whether it signed.
 */
export async function signCheckpoint(
  { pool }: Pick<Database, 'pool'>,
  sign: Sign,
  { always = false } = {},
): Promise<boolean> {
  const due = `SELECT c.position::text, c.hash, clock_timestamp() AS at FROM audit_chain c
    LEFT JOIN LATERAL (SELECT p.position, p.at FROM audit_checkpoints p ORDER BY p.position DESC LIMIT 1) last ON true
    WHERE c.position > coalesce(last.position, 0)
      AND ($1 OR last.at IS NULL OR last.at < clock_timestamp() - $2 * interval '1 second'
           OR c.position >= last.position + $3)`
  const when = [always, EVERY_SECONDS, EVERY_POSITIONS]
  if ((await pool.query(due, when)).rowCount === 0) return false
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ position: string; hash: Buffer; at: Date }>(
      `${due} FOR UPDATE OF c SKIP LOCKED`,
      when,
    )
    const [head] = rows
    if (!head) return false
    const { position, hash, at } = head
    const payload: CheckpointPayload = { position, hash: hash.toString('hex'), at: at.toISOString() }
    await client.query(
      'INSERT INTO audit_checkpoints (position, hash, at, signature) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
      [position, hash, at, await sign(payload)],
    )
    return true
  })
}
