import type { Db } from '../db/index.ts'
import { countRecoveryCodes } from './recovery-codes.ts'
import { isUserId } from './user-id.ts'

/** What a user can prove a sign-in with besides the password: authenticators, passkeys, and so many unused recovery codes. */
export type Factors = { totp: boolean; passkeys: number; recoveryCodes: number }

export async function factorsOf(db: Db, userId: string): Promise<Factors> {
  if (!isUserId(userId)) return { totp: false, passkeys: 0, recoveryCodes: 0 }
  const totp = await db.totpCredential.count({ where: { userId, confirmedAt: { not: null } } })
  const passkeys = await countPasskeys(db, userId)
  return { totp: totp > 0, passkeys, recoveryCodes: await countRecoveryCodes(db, userId) }
}

/** How many passkeys the user has. */
export async function countPasskeys(db: Db, userId: string): Promise<number> {
  return isUserId(userId) ? db.passkey.count({ where: { userId } }) : 0
}

/**
 * Whether the user has an authenticator or a passkey to show, whatever the policy asks for. Where there can be no passkeys
 * (`passkeySiteOf` is null), those made under another issuer count for nothing: nobody could ever show one.
 */
export async function hasSecondFactor(
  db: Db,
  userId: string,
  { passkeysWork }: { passkeysWork: boolean },
): Promise<boolean> {
  const { totp, passkeys } = await factorsOf(db, userId)
  return totp || (passkeysWork && passkeys > 0)
}

export type ListedFactors = {
  totp: { id: string; name: string | null; createdAt: Date; lastUsedAt: Date | null }[]
  passkeys: {
    /** The credential's id in base64url. */
    id: string
    name: string | null
    createdAt: Date
    lastUsedAt: Date | null
    backedUp: boolean
    deviceType: 'single_device' | 'multi_device'
  }[]
  recoveryCodes: { left: number }
}

/** Every second factor of a user, oldest first, for their own eyes. No seed, no key, no code. */
export async function listFactors(db: Db, userId: string): Promise<ListedFactors> {
  if (!isUserId(userId)) return { totp: [], passkeys: [], recoveryCodes: { left: 0 } }
  const totp = await db.totpCredential.findMany({
    where: { userId, confirmedAt: { not: null } },
    select: { id: true, name: true, createdAt: true, lastUsedAt: true },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  })
  const passkeys = await db.passkey.findMany({
    where: { userId },
    select: { id: true, name: true, createdAt: true, lastUsedAt: true, backedUp: true, deviceType: true },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  })
  return {
    totp,
    passkeys: passkeys.map(({ id, deviceType, ...rest }) => ({
      ...rest,
      id: Buffer.from(id).toString('base64url'),
      deviceType: deviceType === 'single_device' ? ('single_device' as const) : ('multi_device' as const),
    })),
    recoveryCodes: { left: await countRecoveryCodes(db, userId) },
  }
}
