import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Database, Db } from '../db/index.ts'
import type { Around } from './around.ts'
import { atomically } from './atomically.ts'
import { newRecoveryCode, parseRecoveryCode, recoveryCodeDigest } from './recovery-code-format.ts'
import { giveBackAfterTrouble, recordBlocks, reserveAttempt, settleSuccess } from './throttle.ts'
import type { Reservation } from './throttle.ts'
import { recoveryCodeCounters } from './throttle-counters.ts'
import { defaultThrottlePolicy } from './throttle-policy.ts'
import type { ThrottlePolicy } from './throttle-policy.ts'
import type { CodeAttempt, CodeVerdict } from './totp.ts'
import { provenBrowser } from './trusted-browsers.ts'
import { isUserId } from './user-id.ts'

const CODES = 10

type RecoveryCodeDeps = {
  database: Database
  now?: (() => Date) | undefined
  policy?: ThrottlePolicy | undefined
}

/**
 * Gives the user ten new recovery codes of 80 bits and ends all older ones, in one transaction (RE-01, NIST SP 800-63B section
 * 4.2.1.1). They are returned this once; only digests stay. They count as unsaved until their user says otherwise
 * (`markRecoveryCodesSaved`). Records it. Throws when there is no such user.
 */
export async function generateRecoveryCodes(db: Db, userId: string, by: By = {}): Promise<string[]> {
  const codes = Array.from({ length: CODES }, newRecoveryCode)
  await atomically(db, async (tx) => {
    // Two at once would otherwise leave both sets good.
    await tx.$queryRaw`SELECT id FROM users WHERE id = ${userId}::uuid FOR UPDATE`
    await tx.recoveryCode.deleteMany({ where: { userId } })
    await tx.recoveryCode.createMany({
      data: codes.map((code) => ({ userId, digest: recoveryCodeDigest(userId, code), savedAt: null })),
    })
    await record(tx, { type: 'factor.recovery_codes_generated', userId, ...by, detail: { count: CODES } })
  })
  return codes
}

/**
 * Uses up one recovery code. Each works once, also when sent many times at the same moment (RE-01, FT-14). Attempts are counted
 * for the user alone, or for the known browser they come from; what has not the form of a code is wrong, and no attempt. Records the outcome. What goes
 * with a right code is in `around`. Passes on storage trouble.
 */
export async function useRecoveryCode(
  deps: RecoveryCodeDeps,
  { userId, code: typed, ip, browserToken }: CodeAttempt,
  around: Around = {},
): Promise<CodeVerdict> {
  const { database, policy = defaultThrottlePolicy } = deps
  const code = parseRecoveryCode(typed)
  if (code === null || !isUserId(userId)) return { ok: false, reason: 'wrong' }
  const now = deps.now?.() ?? new Date()
  const browser = await provenBrowser(database.prisma, { token: browserToken, userId })
  const counters = recoveryCodeCounters(policy.recoveryCode, userId, browser)
  const reserved = await reserveAttempt(database.prisma, counters, now)
  if (!reserved.ok) return { ok: false, reason: 'throttled', retryAfter: reserved.retryAfter }
  const { reservation } = reserved
  try {
    if (await spendCode(database, { userId, code, ip, now, reservation }, around)) return { ok: true }
  } catch (error) {
    await giveBackAfterTrouble(database.prisma, reservation)
    throw error
  }
  await record(database.prisma, { type: 'sign_in.recovery_code_failed', userId, ip })
  if (reservation.last)
    await record(database.prisma, {
      type: 'sign_in.throttled',
      userId,
      ip,
      detail: { factor: 'recovery_code' },
    })
  await recordBlocks(database.prisma, reservation, { ip })
  return { ok: false, reason: 'wrong' }
}

/** How many of the user's recovery codes are still good. */
export async function countRecoveryCodes(db: Db, userId: string): Promise<number> {
  return isUserId(userId) ? db.recoveryCode.count({ where: { userId, usedAt: null } }) : 0
}

async function spendCode(
  database: Database,
  input: { userId: string; code: string; ip?: string | undefined; now: Date; reservation: Reservation },
  around: Around,
): Promise<boolean> {
  const { userId, code, ip, now, reservation } = input
  return database.transaction(async (tx) => {
    await around.before?.(tx)
    const { count } = await tx.recoveryCode.updateMany({
      where: { digest: recoveryCodeDigest(userId, code), userId, usedAt: null, user: { disabledAt: null } },
      data: { usedAt: now },
    })
    if (count === 0) return false
    // Whoever enters one has the list, whatever they ticked.
    await tx.recoveryCode.updateMany({ where: { userId, savedAt: null }, data: { savedAt: now } })
    await settleSuccess(tx, reservation)
    const left = await countRecoveryCodes(tx, userId)
    await record(tx, { type: 'sign_in.recovery_code_used', userId, ip, detail: { left } })
    await around.after?.(tx)
    return true
  })
}
