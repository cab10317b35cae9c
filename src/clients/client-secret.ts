import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import { randomSecret } from '../crypto/index.ts'
import type { Db } from '../db/index.ts'
import { findClient } from './client.ts'
import { secretDigest } from './stored-client.ts'

/** A client that needs longer to be moved is forgotten, not moved. */
export const MAX_OVERLAP_SECONDS = 30 * 86_400

/**
 * Replaces the secret; the new one is returned this once (CA-09). The one it replaces is accepted for `overlapSeconds` more by the
 * database's clock, so that a client can be moved without a gap; with 0, the default, it is worth nothing from the commit on. A
 * secret still overlapping from an earlier rotation ends now. Refuses clients that have none, and Cardea's own.
 */
export async function rotateClientSecret(
  db: Db,
  id: string,
  { overlapSeconds = 0, ...by }: { overlapSeconds?: number } & By = {},
): Promise<
  | { ok: true; secret: string; previousExpiresAt: Date | null }
  | { ok: false; reason: 'not_found' | 'no_secret' | 'built_in' }
> {
  if (!Number.isInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > MAX_OVERLAP_SECONDS)
    throw new RangeError('the overlap must be 0 seconds to 30 days')
  const client = await findClient(db, id)
  if (!client) return { ok: false, reason: 'not_found' }
  if (client.builtIn) return { ok: false, reason: 'built_in' }
  if (!client.hasSecret) return { ok: false, reason: 'no_secret' }
  const secret = randomSecret()
  // One statement: of two rotations at once each replaces what the other left, and no secret is lost or revived between them.
  const [row] = await db.$queryRaw<{ expiresAt: Date | null }[]>`
    UPDATE clients SET secret_digest = ${secretDigest(secret)}, updated_at = clock_timestamp(),
      previous_secret_digest = CASE WHEN ${overlapSeconds} > 0 THEN secret_digest END,
      previous_secret_expires_at =
        CASE WHEN ${overlapSeconds} > 0 THEN clock_timestamp() + make_interval(secs => ${overlapSeconds}) END
    WHERE id = ${id} AND secret_digest IS NOT NULL RETURNING previous_secret_expires_at AS "expiresAt"`
  if (!row) return { ok: false, reason: 'not_found' }
  await record(db, {
    type: 'client.secret_rotated',
    clientId: id,
    detail: { overlap_seconds: overlapSeconds },
    ...by,
  })
  return { ok: true, secret, previousExpiresAt: row.expiresAt }
}
