import { record } from '../audit/index.ts'
import type { Database } from '../db/index.ts'
import { circumstancesOf } from './circumstances.ts'
import { normaliseEmail } from './email.ts'
import type { PasswordHasher } from './hasher.ts'
import { isTooLong } from './password-rules/password-length.ts'
import { noteFailure } from './stuffing.ts'
import { giveBackAfterTrouble, recordBlocks, reserveAttempt, settleSuccess } from './throttle.ts'
import type { Reservation } from './throttle.ts'
import { passwordCounters } from './throttle-counters.ts'
import { defaultThrottlePolicy, tightened } from './throttle-policy.ts'
import type { ThrottlePolicy } from './throttle-policy.ts'
import { findRowByEmail, toUser } from './user.ts'
import type { User, UserRow } from './user.ts'

export type PasswordDeps = {
  database: Database
  hasher: PasswordHasher
  /** MAC keys, newest first: they decide whose hash an address that nobody has is compared with. */
  keys: readonly Buffer[]
  /** A browser that nobody knows can be asked to prove that its user reads their mail. Without it, it can only be made to wait. */
  canChallenge?: boolean | undefined
  now?: (() => Date) | undefined
  policy?: ThrottlePolicy | undefined
}

export type PasswordAttempt = {
  email: string
  password: string
  /** The address the request came from, as the request context trusts it. */
  ip: string
  /** The value of the cookie of known browsers. */
  browserToken?: string | undefined
}

type PasswordVerdict =
  | { ok: true; user: User }
  | { ok: false; reason: 'wrong' }
  | { ok: false; reason: 'throttled'; retryAfter: number }
  /** Nothing was looked at: passwords are being tried on all users, and this browser is not known for the one it names. */
  | { ok: false; reason: 'challenge' }

/**
 * Checks an e-mail address and a password. Unknown, disabled and passwordless users cost the same hash, the same statements and
 * give the same answer as a wrong password; addresses that nobody has are throttled like those somebody has, so neither answer
 * tells who exists (TH-04). `retryAfter` is in seconds. Records the outcome. Throws HasherBusy when too many ask at once and
 * passes on storage trouble: neither is ever "wrong", and neither uses up an attempt if it can be helped.
 */
export async function checkPassword(deps: PasswordDeps, attempt: PasswordAttempt): Promise<PasswordVerdict> {
  // No password of this length was ever set: nothing is guessed and nothing worth counting happens.
  if (isTooLong(attempt.password)) return { ok: false, reason: 'wrong' }
  const { database, policy = defaultThrottlePolicy, canChallenge = false } = deps
  const at = deps.now?.() ?? new Date()
  const email = normaliseEmail(attempt.email)
  const row = await findRowByEmail(database.prisma, email)
  const { browser, alarm, decoy } = await circumstancesOf(database.prisma, {
    ...{ email, at, keys: deps.keys },
    token: attempt.browserToken,
  })
  const hash = row ? row.passwordHash : decoy
  const demandsMore = alarm && browser === null
  if (demandsMore && canChallenge) return { ok: false, reason: 'challenge' }
  const limits = demandsMore ? tightened(policy.password) : policy.password
  const account = email ?? 'not an e-mail address'
  const counters = passwordCounters(limits, { account, userId: row?.id, ip: attempt.ip, browser })
  const reserved = await reserveAttempt(database.prisma, counters, at)
  if (!reserved.ok) return { ok: false, reason: 'throttled', retryAfter: reserved.retryAfter }
  return judge(deps, attempt, row, { hash, reservation: reserved.reservation, isKnown: browser !== null })
}

async function judge(
  deps: PasswordDeps,
  { password, ip }: PasswordAttempt,
  row: UserRow | null,
  { hash, reservation, isKnown }: { hash: string | null; reservation: Reservation; isKnown: boolean },
): Promise<PasswordVerdict> {
  try {
    const matches = await deps.hasher.verify(hash, password)
    const user = matches && row ? await succeed(deps, row, { password, ip, reservation }) : null
    if (user) return { ok: true, user }
  } catch (error) {
    await giveBackAfterTrouble(deps.database.prisma, reservation)
    throw error
  }
  await recordFailure(deps, row, { ip, reservation, isKnown })
  return { ok: false, reason: 'wrong' }
}

type Success = { password: string; ip: string; reservation: Reservation }

/** Null when the user was disabled, removed or given another password, before or while the password was being hashed. */
async function succeed(deps: PasswordDeps, row: UserRow, success: Success): Promise<User | null> {
  const { user, current } = await settle(deps, row, success)
  if (user || current?.passwordHash == null) return user
  // Another hash stands there now. A sign-in at the same moment may have renewed it: then the password made this one too.
  const matches = await deps.hasher.verify(current.passwordHash, success.password)
  return matches ? (await settle(deps, current, success)).user : null
}

/** Without a user, `current` is who it is that has another hash by now; null when the sign-in is refused in any case. */
async function settle(
  { database, hasher }: PasswordDeps,
  row: UserRow,
  { password, ip, reservation }: Success,
): Promise<{ user: User | null; current: UserRow | null }> {
  if (row.disabledAt !== null) return { user: null, current: null }
  const renewed = await renewedHash(hasher, row, password)
  return database.transaction(async (tx) => {
    const current = await tx.user.findUnique({ where: { id: row.id } })
    if (!current || current.disabledAt !== null) return { user: null, current: null }
    if (current.passwordHash !== row.passwordHash) return { user: null, current }
    if (renewed !== null)
      // Not by Prisma's update: nothing about the user changed, so updated_at stays as it is.
      await tx.$executeRaw`
        UPDATE users SET password_hash = ${renewed} WHERE id = ${row.id}::uuid AND password_hash = ${row.passwordHash}`
    await settleSuccess(tx, reservation)
    await record(tx, { type: 'sign_in.password_ok', userId: row.id, ip })
    return { user: toUser(current), current }
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
  { database: { prisma }, policy = defaultThrottlePolicy }: PasswordDeps,
  row: UserRow | null,
  { ip, reservation, isKnown }: { ip: string; reservation: Reservation; isKnown: boolean },
): Promise<void> {
  const detail = { user: row === null ? 'unknown' : row.disabledAt === null ? 'active' : 'disabled' }
  await record(prisma, { type: 'sign_in.password_failed', userId: row?.id, ip, detail })
  // Once a block, when it begins: refusals during it would only let an attacker fill the log.
  if (reservation.last)
    await record(prisma, { type: 'sign_in.throttled', userId: row?.id, ip, detail: { factor: 'password' } })
  await recordBlocks(prisma, reservation, { ip })
  if (!isKnown) await noteFailure(prisma, policy.stuffing, reservation.at)
}
