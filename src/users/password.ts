import { record } from '../audit/index.ts'
import type { Database } from '../db/index.ts'
import { normaliseEmail } from './email.ts'
import type { PasswordHasher } from './hasher.ts'
import { readDeviceToken } from './known-device.ts'
import { isTooLong } from './password-policy.ts'
import { giveBackAfterTrouble, reserveAttempt, settleSuccess } from './throttle.ts'
import type { Reservation } from './throttle.ts'
import { passwordCounters } from './throttle-counters.ts'
import { defaultThrottlePolicy } from './throttle-policy.ts'
import type { ThrottlePolicy } from './throttle-policy.ts'
import { findRowByEmail, toUser } from './user.ts'
import type { User, UserRow } from './user.ts'

export type PasswordDeps = {
  database: Database
  hasher: PasswordHasher
  /** Keys of the tokens of known devices, newest first. */
  deviceKeys: readonly Buffer[]
  now?: (() => Date) | undefined
  policy?: ThrottlePolicy | undefined
}

export type PasswordAttempt = {
  email: string
  password: string
  /** The address the request came from, as the request context trusts it. */
  ip: string
  deviceToken?: string | undefined
}

type PasswordVerdict =
  | { ok: true; user: User }
  | { ok: false; reason: 'wrong' }
  | { ok: false; reason: 'throttled'; retryAfter: number }

/**
 * Checks an e-mail address and a password. Unknown, disabled and passwordless users cost the same hash, the same statements and
 * give the same answer as a wrong password; addresses that nobody has are throttled like those somebody has, so neither answer
 * tells who exists (TH-04). `retryAfter` is in seconds. Records the outcome. Throws HasherBusy when too many ask at once and
 * passes on storage trouble: neither is ever "wrong", and neither uses up an attempt if it can be helped.
 */
export async function checkPassword(deps: PasswordDeps, attempt: PasswordAttempt): Promise<PasswordVerdict> {
  // No password of this length was ever set: nothing is guessed and nothing worth counting happens.
  if (isTooLong(attempt.password)) return { ok: false, reason: 'wrong' }
  const { database, policy = defaultThrottlePolicy } = deps
  const at = deps.now?.() ?? new Date()
  const email = normaliseEmail(attempt.email)
  const row = await findRowByEmail(database.prisma, email)
  const device =
    row && readDeviceToken(deps.deviceKeys, { token: attempt.deviceToken, userId: row.id, now: at })
  const account = email ?? 'not an e-mail address'
  const counters = passwordCounters(policy.password, { account, ip: attempt.ip, device })
  const reserved = await reserveAttempt(database.prisma, counters, at)
  if (!reserved.ok) return { ok: false, reason: 'throttled', retryAfter: reserved.retryAfter }
  return judge(deps, attempt, row, reserved.reservation)
}

async function judge(
  deps: PasswordDeps,
  { password, ip }: PasswordAttempt,
  row: UserRow | null,
  reservation: Reservation,
): Promise<PasswordVerdict> {
  try {
    const matches = await deps.hasher.verify(row?.passwordHash ?? null, password)
    const user = matches && row ? await succeed(deps, row, { password, ip, reservation }) : null
    if (user) return { ok: true, user }
  } catch (error) {
    await giveBackAfterTrouble(deps.database.prisma, reservation)
    throw error
  }
  await recordFailure(deps.database, row, { ip, last: reservation.last })
  return { ok: false, reason: 'wrong' }
}

/** Null when the user was disabled, removed or given another password, before or while the password was being hashed. */
async function succeed(
  { database, hasher }: PasswordDeps,
  row: UserRow,
  { password, ip, reservation }: { password: string; ip: string; reservation: Reservation },
): Promise<User | null> {
  if (row.disabledAt !== null) return null
  const renewed = await renewedHash(hasher, row, password)
  return database.transaction(async (tx) => {
    const current = await tx.user.findUnique({ where: { id: row.id } })
    if (!current || current.disabledAt !== null || current.passwordHash !== row.passwordHash) return null
    if (renewed !== null)
      // Not by Prisma's update: nothing about the user changed, so updated_at stays as it is.
      await tx.$executeRaw`
        UPDATE users SET password_hash = ${renewed} WHERE id = ${row.id}::uuid AND password_hash = ${row.passwordHash}`
    await settleSuccess(tx, reservation)
    await record(tx, { type: 'sign_in.password_ok', userId: row.id, ip })
    return toUser(current)
  })
}

/** A hash with today's parameters when the stored one is weaker. A busy hasher leaves that to the next sign-in. */
async function renewedHash(
  hasher: PasswordHasher,
  { passwordHash }: UserRow,
  password: string,
): Promise<string | null> {
  if (passwordHash === null || !hasher.needsRehash(passwordHash)) return null
  return hasher.hash(password).catch(() => null)
}

async function recordFailure(
  { prisma }: Database,
  row: UserRow | null,
  { ip, last }: { ip: string; last: boolean },
): Promise<void> {
  const detail = { user: row === null ? 'unknown' : row.disabledAt === null ? 'active' : 'disabled' }
  await record(prisma, { type: 'sign_in.password_failed', userId: row?.id, ip, detail })
  // Once a block, when it begins: refusals during it would only let an attacker fill the log.
  if (last)
    await record(prisma, { type: 'sign_in.throttled', userId: row?.id, ip, detail: { factor: 'password' } })
}
