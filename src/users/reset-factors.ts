import type { By } from '../audit/index.ts'
import type { Tx } from '../db/index.ts'
import { removeTotp } from './totp.ts'

/**
 * Takes a user's second factor away, the recovery codes that stand in for it included: the next sign-in sets up another. Records it.
 * Returns whether there was an authenticator. Ending what was signed in with it is composed with this by the caller.
 */
export async function resetSecondFactor(tx: Tx, userId: string, by: By = {}): Promise<boolean> {
  const removed = await removeTotp(tx, userId, by)
  if (removed) await tx.recoveryCode.deleteMany({ where: { userId } })
  return removed
}
