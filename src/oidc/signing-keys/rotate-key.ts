import type { By } from '../../audit/index.ts'
import type { Sealer } from '../../crypto/index.ts'
import type { Tx } from '../../db/index.ts'
import { listSigningKeys } from './list-keys.ts'
import type { StoredSigningKey } from './list-keys.ts'
import { staysFor } from './stay-long-enough.ts'
import { lockKeys, makeKey } from './stored-keys.ts'
import type { SigningAlg } from './stored-keys.ts'

/** Longer than relying parties commonly keep our JWKS, and very much longer than instances take to notice. */
const ANNOUNCE_SECONDS = 600
/** Three turns of the instances' watch: even in an emergency every instance publishes a key before any signs with it. */
const HURRIED_SECONDS = 15

/**
 * Makes a new key that every instance publishes first and signs with after `activateInSeconds`. The key it replaces then stops
 * signing, and leaves the published keys when the longest-lived thing it can have signed has ended: a JWT access token, or whatever
 * else lives up to `signedSeconds` (OpenID Connect Core section 10.1.1, KY-03). Run by two at once it happens once: while a key is
 * announced it answers `under_way`, or with `hurry` brings that key's time forward.
 */
export async function rotateSigningKey(
  tx: Tx,
  sealer: Sealer,
  input: { alg: SigningAlg; activateInSeconds?: number; hurry?: boolean; signedSeconds: number },
  by: By = {},
): Promise<{ ok: true; key: StoredSigningKey } | { ok: false; reason: 'under_way'; key: StoredSigningKey }> {
  const { alg, hurry = false, activateInSeconds = hurry ? HURRIED_SECONDS : ANNOUNCE_SECONDS } = input
  await lockKeys(tx)
  const announced = (await listSigningKeys(tx)).find((key) => key.alg === alg && key.state === 'announced')
  if (announced && !hurry) return { ok: false, reason: 'under_way', key: announced }
  const kid = announced?.kid ?? (await makeKey(tx, sealer, { alg, activateInSeconds }, by))
  if (announced)
    await tx.$executeRaw`
      UPDATE signing_keys SET activate_at = LEAST(activate_at, clock_timestamp() + make_interval(secs => ${activateInSeconds}))
      WHERE kid = ${kid}`
  await tx.$executeRaw`
    UPDATE signing_keys old SET retire_at = new.activate_at + ${staysFor(input.signedSeconds)}
    FROM signing_keys new WHERE new.kid = ${kid} AND old.alg = ${alg} AND old.kid <> ${kid}
      AND old.retired_at IS NULL AND old.retire_at IS NULL`
  const key = (await listSigningKeys(tx)).find((one) => one.kid === kid)
  if (!key) throw new Error('a signing key that was just made is not there')
  return { ok: true, key }
}
