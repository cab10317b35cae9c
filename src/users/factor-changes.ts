import { forgetTrustedBrowsers } from './trusted-browsers.ts'
import { tellUser } from './security-notice.ts'
import type { ChangedFrom, FactorChangeDeps } from './security-notice.ts'

/** What goes with every new second factor: nobody has to be made to set one up any more, no browser is trusted any more, and its user is told (MF-07). */
export async function factorAdded(
  { tx, sealer }: FactorChangeDeps,
  change: { userId: string; what: 'totp_added' | 'passkey_added' } & ChangedFrom,
): Promise<void> {
  await tx.user.updateMany({
    where: { id: change.userId, mustEnrolFactor: true },
    data: { mustEnrolFactor: false },
  })
  await forgetTrustedBrowsers(tx, change.userId, { ip: change.ip })
  await tellUser({ tx, sealer }, change)
}

/** What goes with every factor that ends: without a second factor there is nothing that a recovery code could stand in for. */
export async function factorRemoved(
  { tx, sealer }: FactorChangeDeps,
  {
    passkeysWork,
    ...change
  }: { userId: string; what: 'totp_removed' | 'passkey_removed'; passkeysWork: boolean } & ChangedFrom,
): Promise<void> {
  if ((await countSecondFactors({ tx }, change.userId, { passkeysWork })) === 0)
    await tx.recoveryCode.deleteMany({ where: { userId: change.userId } })
  await forgetTrustedBrowsers(tx, change.userId, { ip: change.ip })
  await tellUser({ tx, sealer }, change)
}

/** How many authenticators and passkeys a user can show, together. */
export async function countSecondFactors(
  { tx }: Pick<FactorChangeDeps, 'tx'>,
  userId: string,
  { passkeysWork }: { passkeysWork: boolean },
): Promise<number> {
  const totp = await tx.totpCredential.count({ where: { userId, confirmedAt: { not: null } } })
  return passkeysWork ? totp + (await tx.passkey.count({ where: { userId } })) : totp
}
