import type { Database } from '../db/index.ts'
import type { Sign } from './signature.ts'
import { inTransaction } from './transaction.ts'

/** Signed this often: by then a rewritten chain can be told from the true one. */
const EVERY_SECONDS = 60
const EVERY_POSITIONS = 10_000

/** A place in the chain; the hash in hexadecimal. */
export type KnownHead = { position: string; hash: string }

/** What a checkpoint's signature covers. */
export type CheckpointPayload = KnownHead & { at: string }

export type Signing =
  { ok: true; signed: KnownHead | null } | { ok: false; reason: 'chain_changed'; known: KnownHead }

/**
 * Signs the head of the chain, if it has moved on and the last signature is a minute or ten thousand events old; `always`:
 * whenever it has moved on. `known` is a place that the caller knows the chain has passed through: where it does not any more,
 * somebody has rewritten it, and nothing is signed.
 */
export async function signCheckpoint(
  { pool }: Pick<Database, 'pool'>,
  sign: Sign,
  { known, always = false }: { known?: KnownHead | undefined; always?: boolean } = {},
): Promise<Signing> {
  const due = `SELECT c.position::text, c.hash, clock_timestamp() AS at,
      $4::bigint IS NULL OR EXISTS (SELECT FROM audit_links l WHERE l.position = $4 AND l.hash = $5) AS continuous
    FROM audit_chain c
    LEFT JOIN LATERAL (SELECT p.position, p.at FROM audit_checkpoints p ORDER BY p.position DESC LIMIT 1) last ON true
    WHERE c.position > coalesce(last.position, 0)
      AND ($1 OR last.at IS NULL OR last.at < clock_timestamp() - $2 * interval '1 second'
           OR c.position >= last.position + $3)`
  const values = [
    ...[always, EVERY_SECONDS, EVERY_POSITIONS],
    ...[known?.position ?? null, known ? Buffer.from(known.hash, 'hex') : null],
  ]
  if ((await pool.query(due, values)).rowCount === 0) return { ok: true, signed: null }
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ position: string; hash: Buffer; at: Date; continuous: boolean }>(
      `${due} FOR UPDATE OF c SKIP LOCKED`,
      values,
    )
    const [head] = rows
    if (!head) return { ok: true, signed: null }
    const { position, hash, at, continuous } = head
    if (known && !continuous) return { ok: false, reason: 'chain_changed', known }
    const signed = { position, hash: hash.toString('hex') }
    const payload: CheckpointPayload = { ...signed, at: at.toISOString() }
    await client.query(
      'INSERT INTO audit_checkpoints (position, hash, at, signature) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
      [position, hash, at, await sign(payload)],
    )
    return { ok: true, signed }
  })
}
