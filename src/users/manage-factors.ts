import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Db, Tx } from '../db/index.ts'
import { countSecondFactors, factorRemoved } from './factor-changes.ts'
import { normaliseFactorName } from './factor-name.ts'
import { lockUser } from './owners.ts'
import type { FactorChangeDeps } from './security-notice.ts'
import { passkeyKind } from './passkey-kind.ts'
import { isUserId } from './user-id.ts'

type Renamed = { ok: true } | { ok: false; reason: 'not_found' | 'name_invalid' }
type Removed = { ok: true } | { ok: false; reason: 'not_found' | 'last_factor' }
type Named = { userId: string; id: string; name: string }

/**
 * `required`: whether everybody must have a second factor, so that the last one stays. `passkeysWork`: whether passkeys are good for anything
 * here; where not, the last authenticator is the last factor, and no passkey is. `userAgent` goes into the notice.
 */
type Removal = {
  userId: string
  id: string
  required: boolean
  passkeysWork: boolean
  userAgent?: string | undefined
}

/** Names an authenticator. Refuses one of somebody else, and a name of more than 60 characters or with control characters; '' takes the name away. */
export async function renameTotp(db: Db, { userId, id, name }: Named): Promise<Renamed> {
  const chosen = normaliseFactorName(name)
  if (chosen === undefined) return { ok: false, reason: 'name_invalid' }
  if (!isUserId(userId) || !isUserId(id)) return { ok: false, reason: 'not_found' }
  const { count } = await db.totpCredential.updateMany({
    where: { id, userId, confirmedAt: { not: null } },
    data: { name: chosen },
  })
  return count === 1 ? { ok: true } : { ok: false, reason: 'not_found' }
}

/** Names a passkey, by its id in base64url. Refuses as `renameTotp` does. */
export async function renamePasskey(db: Db, { userId, id, name }: Named): Promise<Renamed> {
  const chosen = normaliseFactorName(name)
  if (chosen === undefined) return { ok: false, reason: 'name_invalid' }
  if (!isUserId(userId)) return { ok: false, reason: 'not_found' }
  const { count } = await db.passkey.updateMany({ where: { id: bytes(id), userId }, data: { name: chosen } })
  return count === 1 ? { ok: true } : { ok: false, reason: 'not_found' }
}

/**
 * Removes one authenticator, records it and tells the user by mail. With the last second factor go the recovery codes. Refuses one
 * that is not theirs, and the last second factor where everybody must have one: of two removed at the same moment, one stays.
 * That the user proved themselves just now is decided above, and so is ending what was signed in with it.
 */
export async function removeTotpDevice(
  { tx, sealer }: FactorChangeDeps,
  { userId, id, required, passkeysWork, userAgent }: Removal,
  by: By = {},
): Promise<Removed> {
  if (!isUserId(userId) || !isUserId(id)) return { ok: false, reason: 'not_found' }
  await lockUser(tx, userId)
  const where = { id, userId, confirmedAt: { not: null } }
  if ((await tx.totpCredential.count({ where })) === 0) return { ok: false, reason: 'not_found' }
  if (required && (await isLast(tx, userId, passkeysWork))) return { ok: false, reason: 'last_factor' }
  await tx.totpCredential.deleteMany({ where })
  await record(tx, { type: 'factor.totp_removed', userId, ...by, detail: { device: id } })
  await factorRemoved({ tx, sealer }, { userId, what: 'totp_removed', passkeysWork, ip: by.ip, userAgent })
  return { ok: true }
}

/** Removes one passkey, by its id in base64url, as `removeTotpDevice` removes an authenticator. */
export async function removePasskey(
  { tx, sealer }: FactorChangeDeps,
  { userId, id, required, passkeysWork, userAgent }: Removal,
  by: By = {},
): Promise<Removed> {
  if (!isUserId(userId)) return { ok: false, reason: 'not_found' }
  await lockUser(tx, userId)
  const where = { id: bytes(id), userId }
  const passkey = await tx.passkey.findFirst({ where, select: { aaguid: true, transports: true } })
  if (!passkey) return { ok: false, reason: 'not_found' }
  if (required && passkeysWork && (await isLast(tx, userId, passkeysWork)))
    return { ok: false, reason: 'last_factor' }
  await tx.passkey.deleteMany({ where })
  const { aaguid, transports } = passkey
  const detail = { passkey: id, ...(aaguid === null ? {} : { aaguid }), kinds: [passkeyKind(transports)] }
  await record(tx, { type: 'factor.passkey_removed', userId, ...by, detail })
  await factorRemoved({ tx, sealer }, { userId, what: 'passkey_removed', passkeysWork, ip: by.ip, userAgent })
  return { ok: true }
}

async function isLast(tx: Tx, userId: string, passkeysWork: boolean): Promise<boolean> {
  return (await countSecondFactors({ tx }, userId, { passkeysWork })) <= 1
}

function bytes(id: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(id, 'base64url'))
}
