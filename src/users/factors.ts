import type { Db } from '../db/index.ts'
import { countRecoveryCodes } from './recovery-codes.ts'
import { hasTotp } from './totp.ts'

/** What a user can prove a sign-in with besides the password: an authenticator, and so many unused recovery codes. */
export type Factors = { totp: boolean; recoveryCodes: number }

export async function factorsOf(db: Db, userId: string): Promise<Factors> {
  const totp = await hasTotp(db, userId)
  return { totp, recoveryCodes: await countRecoveryCodes(db, userId) }
}
