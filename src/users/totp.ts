import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database, Db } from '../db/index.ts'
import type { Around } from './around.ts'
import { atomically } from './atomically.ts'
import { giveBack, giveBackAfterTrouble, recordBlocks, reserveAttempt, settleSuccess } from './throttle.ts'
import type { Reservation } from './throttle.ts'
import { otpCounters } from './throttle-counters.ts'
import { defaultThrottlePolicy } from './throttle-policy.ts'
import type { ThrottlePolicy } from './throttle-policy.ts'
import { provenBrowser } from './trusted-browsers.ts'
import { matchTotpCode, parseTotpCode } from './totp-code.ts'
import { isUserId } from './user-id.ts'

export type TotpDeps = {
  database: Database
  sealer: Sealer
  now?: (() => Date) | undefined
  policy?: ThrottlePolicy | undefined
}

export type CodeAttempt = {
  userId: string
  code: unknown
  ip?: string | undefined
  /** The value of the cookie of known browsers. */
  browserToken?: string | undefined
}

export type CodeVerdict =
  { ok: true } | { ok: false; reason: 'wrong' } | { ok: false; reason: 'throttled'; retryAfter: number }

/**
 * Checks a code of one of the user's authenticators: six digits, the current 30-second step or one of its neighbours. Each step of
 * each is accepted once, in whatever sign-in, on whatever instance, and no older one after it (MF-03, RFC 6238 section 5.2). Attempts
 * are counted for the user alone, or for the known browser they come from (MF-05, TH-03); a code that was right but is spent is refused without using one up. Anything that is
 * not six digits is wrong, and no attempt. Records the outcome. What goes with a right code is in `around`: whoever finds it spent finds that
 * done. Passes on storage trouble: that is never "wrong".
 */
export async function checkTotp(
  deps: TotpDeps,
  { userId, code: typed, ip, browserToken }: CodeAttempt,
  around: Around = {},
): Promise<CodeVerdict> {
  const { database, policy = defaultThrottlePolicy } = deps
  const code = parseTotpCode(typed)
  if (code === null || !isUserId(userId)) return { ok: false, reason: 'wrong' }
  const now = deps.now?.() ?? new Date()
  const browser = await provenBrowser(database.prisma, { token: browserToken, userId })
  const counters = otpCounters(policy.otp, userId, browser)
  const reserved = await reserveAttempt(database.prisma, counters, now)
  if (!reserved.ok) return { ok: false, reason: 'throttled', retryAfter: reserved.retryAfter }
  const { reservation } = reserved
  let outcome: 'accepted' | 'spent' | 'wrong'
  try {
    outcome = await spendCode(deps, { userId, code, ip, now, reservation, around })
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
    if (!replayed) await recordBlocks(tx, reservation, { ip })
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

/** Removes all of the user's authenticators, with any enrolment under way, and records it. Returns whether there was one. */
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
  input: {
    userId: string
    code: string
    ip?: string | undefined
    now: Date
    reservation: Reservation
    around: Around
  },
): Promise<'accepted' | 'spent' | 'wrong'> {
  const { code, ...spender } = input
  const { userId, now } = spender
  const devices = await database.prisma.totpCredential.findMany({
    where: { userId, confirmedAt: { not: null }, user: { disabledAt: null } },
    select: { id: true, sealedSeed: true, lastStep: true },
    orderBy: { id: 'asc' },
  })
  let outcome: 'spent' | 'wrong' = 'wrong'
  for (const { id, sealedSeed, lastStep } of devices) {
    const match = await matchTotpCode(sealer.open(sealedSeed, sealContext(id)), { code, now, lastStep })
    if (match.found === 'nothing') continue
    if (match.found === 'step' && (await spendStep(database, { ...spender, ...match, id }))) return 'accepted'
    outcome = 'spent'
  }
  return outcome
}

/** Compare and set: of all who bring this step, whichever instance they reached, one finds it unspent. */
async function spendStep(
  database: Database,
  spent: {
    id: string
    userId: string
    step: number
    ip?: string | undefined
    now: Date
    reservation: Reservation
    around: Around
  },
): Promise<boolean> {
  const { id, userId, step, ip, now, reservation, around } = spent
  return database.transaction(async (tx) => {
    await around.before?.(tx)
    const { count } = await tx.totpCredential.updateMany({
      where: { id, OR: [{ lastStep: null }, { lastStep: { lt: step } }] },
      data: { lastStep: step, lastUsedAt: now },
    })
    if (count === 0) return false
    await settleSuccess(tx, reservation)
    await record(tx, { type: 'sign_in.totp_ok', userId, ip, detail: { device: id } })
    await around.after?.(tx)
    return true
  })
}
