import { record } from '../../audit/index.ts'
import type { By } from '../../audit/index.ts'
import type { Sealer } from '../../crypto/index.ts'
import type { Db, Tx } from '../../db/index.ts'
import { listSigningKeys } from './list-keys.ts'
import type { StoredSigningKey } from './list-keys.ts'
import { lockKeys, makeKey } from './stored-keys.ts'
import type { SigningAlg } from './stored-keys.ts'

/**
 * Takes a key out of use at once: within seconds no instance publishes it, so whatever it signed verifies nowhere any more; its
 * private part is erased. Where it is the one that signs, the announced key takes over now; without one, a new key with `replace`,
 * and otherwise it is refused (AD-05). Retired already, it stays so.
 */
export async function retireSigningKey(
  tx: Tx,
  sealer: Sealer,
  { kid, replace = false, reason }: { kid: string; replace?: boolean; reason: string },
  by: By = {},
): Promise<{ ok: true; key: StoredSigningKey } | { ok: false; reason: 'not_found' | 'last_active' }> {
  await lockKeys(tx)
  const keys = await listSigningKeys(tx)
  const key = keys.find((one) => one.kid === kid)
  if (!key) return { ok: false, reason: 'not_found' }
  if (key.retiredAt !== null) return { ok: true, key }
  if (key.state === 'active') {
    const announced = keys.find(({ alg, state }) => alg === key.alg && state === 'announced')
    if (announced) await activate(tx, announced, by)
    else if (replace) await makeKey(tx, sealer, { alg: key.alg as SigningAlg, activateInSeconds: 0 }, by)
    else return { ok: false, reason: 'last_active' }
  }
  // Nothing comes after the one that signs any more: it must not leave at the time that was planned for it.
  if (key.state === 'announced') {
    const active = keys.find(({ alg, state }) => alg === key.alg && state === 'active')
    await tx.signingKey.updateMany({ where: { kid: active?.kid ?? '' }, data: { retireAt: null } })
  }
  const [row] = await tx.$queryRaw<{ at: Date }[]>`
    UPDATE signing_keys SET retired_at = clock_timestamp(), sealed_private = '' WHERE kid = ${kid} RETURNING retired_at AS at`
  const detail = { kid, alg: key.alg, reason }
  await record(tx, { type: 'signing_key.retired', detail, ...by })
  return { ok: true, key: { ...key, state: 'retired', retiredAt: row?.at ?? null } }
}

/** Erases the private parts of keys whose planned end has come, and records it. Any instance may do it, at any time; returns how many. */
export async function retireDueKeys(tx: Tx): Promise<number> {
  const rows = await tx.$queryRaw<{ kid: string; alg: string }[]>`
    UPDATE signing_keys SET retired_at = retire_at, sealed_private = ''
    WHERE retired_at IS NULL AND retire_at <= clock_timestamp() RETURNING kid, alg`
  for (const { kid, alg } of rows)
    await record(tx, {
      type: 'signing_key.retired',
      detail: { kid, alg, reason: 'rotated' },
      actor: { via: 'system' },
    })
  return rows.length
}

async function activate(db: Db, { kid, alg }: StoredSigningKey, by: By): Promise<void> {
  await db.$executeRaw`UPDATE signing_keys SET activate_at = clock_timestamp() WHERE kid = ${kid}`
  await record(db, { type: 'signing_key.activated', detail: { kid, alg }, ...by })
}
