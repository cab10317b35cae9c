import { errors } from 'oidc-provider'
import type { AdapterPayload } from 'oidc-provider'
import type { Database } from '../../db/index.ts'
import { idDigest } from './rows.ts'

// An hour after its end, when no clock of ours takes the assertion any more; until then even one that is behind the database's finds it used.
const text = `INSERT INTO replay_guards (digest, payload, expires_at) VALUES ($1, $2, $3)
  ON CONFLICT (digest) DO UPDATE SET payload = EXCLUDED.payload, expires_at = EXCLUDED.expires_at WHERE replay_guards.expires_at < now() - interval '1 hour'`

/**
 * Marks a one-time value (a client assertion's jti) as seen, at once and on its own: of any number of parallel uses
 * one inserts the row, the others are refused (RFC 7523 section 3, CVE-2020-15222).
 */
export async function saveOnce(
  pool: Database['pool'],
  id: string,
  payload: AdapterPayload,
  expiresIn: number,
): Promise<void> {
  const { jti: _jti, ...rest } = payload
  const values = [idDigest(id), JSON.stringify(rest), new Date(Date.now() + expiresIn * 1000)]
  const { rowCount } = await pool.query({ name: 'replay_guard', text, values })
  if (rowCount === 0) throw new errors.InvalidClientAuth('this assertion was used before')
}
