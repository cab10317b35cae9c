import { Provider } from 'oidc-provider'
import type { AdapterPayload } from 'oidc-provider'
import type { Database } from '../../db/index.ts'
import { idDigest, tokenRow } from './rows.ts'
import type { Write } from './writes.ts'

/**
 * Device codes (RFC 8628) as they are stored. The device alone knows its code: we have the digest, which is also what the person's
 * browser works with. A name made of the digest stands in for the code there, and is worth nothing at the token endpoint.
 */
const PREFIX = 'device-code:'
const personsRoutes = new Set(['code_verification', 'device_resume'])

/** Is this the request of a person's browser, not of the device? */
function isPersons(): boolean {
  return personsRoutes.has(Provider.ctx?.oidc.route ?? '')
}

/** What a device code that was found by its user code is called. */
export function deviceCodeName(digest: Buffer): string {
  return `${PREFIX}${digest.toString('base64url')}`
}

/** The digest of a token's id; of a stand-in, in the person's browser, the one it is made of. */
export function tokenDigest(model: string, id: string): Buffer {
  if (model === 'DeviceCode' && id.startsWith(PREFIX) && isPersons())
    return Buffer.from(id.slice(PREFIX.length), 'base64url')
  return idDigest(id)
}

/**
 * What the engine's save of a device code amounts to when a person has answered: the answer, which stands if it is the first. Null when
 * there is nothing to write: that somebody is looking at a code takes it from nobody, and neither does a browser that lost its way
 * (the engine's `invalid_request`). Undefined for every other save.
 */
export function decisionOf(
  model: string,
  id: string,
  payload: AdapterPayload,
): Extract<Write, { do: 'decide_device_code' }> | null | undefined {
  if (model !== 'DeviceCode' || !isPersons()) return undefined
  const { inFlight: _inFlight, ...decided } = payload
  const { error } = decided as { error?: string }
  if (decided.accountId === undefined && (error === undefined || error === 'invalid_request')) return null
  const row = tokenRow(model, id, decided, undefined)
  return { do: 'decide_device_code', row: { ...row, digest: tokenDigest(model, id) }, error: error ?? null }
}

/** In seconds. A device that comes sooner than it was told waits so much longer from then on (RFC 8628 section 3.5). */
export const POLL_INTERVAL = 5
const SLOWER_BY = 5
/** What the way here may take longer for one request than for the next is not the device's fault. */
const TOLERANCE = 1

const pollText = `WITH asked AS (
    SELECT digest, kind, next_poll_at > clock_timestamp() AS hurries, COALESCE(poll_interval, ${POLL_INTERVAL}) AS step
    FROM tokens WHERE digest = $1 AND kind = 'DeviceCode' FOR UPDATE
  ), next AS (
    SELECT digest, kind, hurries, step + CASE WHEN hurries THEN ${SLOWER_BY} ELSE 0 END AS step FROM asked
  )
  UPDATE tokens t SET poll_interval = n.step, next_poll_at = clock_timestamp() + make_interval(secs => n.step - ${TOLERANCE})
  FROM next n WHERE t.digest = n.digest AND t.kind = n.kind RETURNING n.hurries`

/** Notes that a device asked about its pending code. Resolves to whether it should have waited longer, by the database's clock. */
export async function notePoll(pool: Database['pool'], deviceCode: string): Promise<boolean> {
  const values = [idDigest(deviceCode)]
  const { rows } = await pool.query<{ hurries: boolean | null }>({ name: 'poll', text: pollText, values })
  return rows[0]?.hurries === true
}
