import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Tx } from '../db/index.ts'
import { passkeyKind } from './passkey-kind.ts'
import { tellUser } from './security-notice.ts'
import { removeTotp } from './totp.ts'
import { forgetTrustedBrowsers } from './trusted-browsers.ts'
import { isUserId } from './user-id.ts'

/**
 * Takes every second factor of a user away, authenticators, passkeys and the recovery codes that stand in for them, records it and
 * tells the user by mail (not without a sealer: it could not be kept until it is sent). Whatever the policy, the next sign-in with the password sets up another. Returns whether there was one.
 * Ending what was signed in with it is composed with this by the caller.
 */
export async function resetSecondFactor(
  { tx, sealer }: { tx: Tx; sealer: Sealer | null },
  userId: string,
  by: By = {},
): Promise<boolean> {
  if (!isUserId(userId)) return false
  const hadTotp = await removeTotp(tx, userId, by)
  const had = await tx.passkey.findMany({ where: { userId }, select: { transports: true } })
  const { count: passkeys } = await tx.passkey.deleteMany({ where: { userId } })
  const kinds = [...new Set(had.map(({ transports }) => passkeyKind(transports)))]
  if (passkeys > 0)
    await record(tx, { type: 'factor.passkey_removed', userId, ...by, detail: { count: passkeys, kinds } })
  if (!hadTotp && passkeys === 0) return false
  await tx.recoveryCode.deleteMany({ where: { userId } })
  await tx.user.updateMany({ where: { id: userId }, data: { mustEnrolFactor: true } })
  await forgetTrustedBrowsers(tx, userId, by)
  if (sealer) await tellUser({ tx, sealer }, { userId, what: 'factors_reset' })
  return true
}
