import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database, Db } from '../db/index.ts'
import { atomically } from './atomically.ts'
import { giveBack, giveBackAfterTrouble, reserveAttempt, settleSuccess } from './throttle.ts'
import type { Reservation } from './throttle.ts'
import { otpCounters } from './throttle-counters.ts'
import { defaultThrottlePolicy } from './throttle-policy.ts'
import type { ThrottlePolicy } from './throttle-policy.ts'
import { matchTotpCode, parseTotpCode } from './totp-code.ts'
import { isUserId } from './user-id.ts'

export type TotpDeps = {
  database: Database
  sealer: Sealer
  now?: (() => Date) | undefined
  policy?: ThrottlePolicy | undefined
}

export type CodeVerdict =
  { ok: true } | { ok: false; reason: 'wrong' } | { ok: false; reason: 'throttled'; retryAfter: number }

/**
 * Checks a code of the user's authenticator: six digits, the current 30-second step or one of its neighbours. Each step is
 * accepted once, in whatever sign-in, on whatever instance, and no older one after it (MF-03, RFC 6238 section 5.2). Attempts
 * are counted for the user alone (MF-05); a code that was right but is spent is refused without using one up. Anything that is
 * not six digits is wrong, and no attempt. Records the outcome. Passes on storage trouble: that is never "wrong".
 */
export async function checkTotp(
  deps: TotpDeps,
  { userId, code: typed, ip }: { userId: string; code: unknown; ip?: string | undefined },
): Promise<CodeVerdict> {
  const { database, policy = defaultThrottlePolicy } = deps
  const code = parseTotpCode(typed)
  if (code === null || !isUserId(userId)) return { ok: false, reason: 'wrong' }
  const now = deps.now?.() ?? new Date()
  const reserved = await reserveAttempt(database.prisma, otpCounters(policy.otp, userId), now)
  if (!reserved.ok) return { ok: false, reason: 'throttled', retryAfter: reserved.retryAfter }
  const { reservation } = reserved
  let outcome: 'accepted' | 'spent' | 'wrong'
  try {
    outcome = await spendCode(deps, { userId, code, ip, now, reservation })
  } catch (error) {
    await giveBackAfterTrouble(database.prisma, reservation)
    throw error
  }
  if (outcome === 'accepted') return { ok: true }
  await database.transaction(async (tx) => {
    const replayed = outcome === 'spent'
    if (replayed) await giveBack(tx, reservation)
    await record(tx, { type: 'sign_in.totp_failed', userId, ip, detail: { replayed } })
    if (reservation.last && !replayed)
      await record(tx, { type: 'sign_in.throttled', userId, ip, detail: { factor: 'otp' } })
  })
  return { ok: false, reason: 'wrong' }
}

/** Whether the user has a confirmed authenticator. */
export async function hasTotp(db: Db, userId: string): Promise<boolean> {
  if (!isUserId(userId)) return false
  const row = await db.totpCredential.findFirst({
    where: { userId, confirmedAt: { not: null } },
    select: { id: true },
  })
  return row !== null
}

/** Removes the user's authenticator, with any enrolment under way, and records it. Returns whether there was one. */
export async function removeTotp(db: Db, userId: string, by: By = {}): Promise<boolean> {
  if (!isUserId(userId)) return false
  return atomically(db, async (tx) => {
    const { count } = await tx.totpCredential.deleteMany({ where: { userId, confirmedAt: { not: null } } })
    await tx.totpCredential.deleteMany({ where: { userId } })
    if (count > 0) await record(tx, { type: 'factor.totp_removed', userId, ...by })
    return count > 0
  })
}

/** A sealed seed opens in its own row only. */
export function sealContext(credentialId: string): string {
  return `totp_credentials:${credentialId}`
}

async function spendCode(
  { database, sealer }: TotpDeps,
  input: { userId: string; code: string; ip?: string | undefined; now: Date; reservation: Reservation },
): Promise<'accepted' | 'spent' | 'wrong'> {
  const { userId, code, ip, now, reservation } = input
  const credential = await database.prisma.totpCredential.findFirst({
    where: { userId, confirmedAt: { not: null }, user: { disabledAt: null } },
    select: { id: true, sealedSeed: true, lastStep: true },
  })
  if (!credential) return 'wrong'
  const seed = sealer.open(credential.sealedSeed, sealContext(credential.id))
  const match = await matchTotpCode(seed, { code, now, lastStep: credential.lastStep })
  if (match.found !== 'step') return match.found === 'spent' ? 'spent' : 'wrong'
  const { step } = match
  return database.transaction(async (tx) => {
    // Compare and set: of all who bring this step, whichever instance they reached, one finds it unspent.
    const { count } = await tx.totpCredential.updateMany({
      where: { id: credential.id, OR: [{ lastStep: null }, { lastStep: { lt: step } }] },
      data: { lastStep: step },
    })
    if (count === 0) return 'spent'
    await settleSuccess(tx, reservation)
    await record(tx, { type: 'sign_in.totp_ok', userId, ip })
    return 'accepted'
  })
}
