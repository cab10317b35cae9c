import { randomUUID } from 'node:crypto'
import { generateSecret } from 'otplib'
import { record } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Db } from '../db/index.ts'
import type { Around } from './around.ts'
import { atomically } from './atomically.ts'
import { factorAdded } from './factor-changes.ts'
import { normaliseFactorName } from './factor-name.ts'
import type { ChangedFrom } from './security-notice.ts'
import { lockUser } from './owners.ts'
import { giveBack, giveBackAfterTrouble, recordBlocks, reserveAttempt, settleSuccess } from './throttle.ts'
import type { Reservation } from './throttle.ts'
import { otpEnrolmentCounters } from './throttle-counters.ts'
import { defaultThrottlePolicy } from './throttle-policy.ts'
import { sealContext } from './totp.ts'
import type { TotpDeps } from './totp.ts'
import { matchTotpCode, parseTotpCode } from './totp-code.ts'
import { totpUri } from './totp-uri.ts'
import { isUserId } from './user-id.ts'

const SEED_BYTES = 20
const PENDING_SECONDS = 60 * 60
/** So many of one user may wait for their code at once, each in a window of its own. */
const MAX_PENDING = 3
/** More than anybody carries: each is tried with every code. */
export const MAX_TOTP_DEVICES = 5

type EnrolmentDeps = { db: Db; sealer: Sealer; now?: (() => Date) | undefined }

export type TotpEnrolment = {
  credentialId: string
  /** The seed in base32, for those who type it. */
  secret: string
  /** The same as an otpauth: URI, for the QR code. */
  uri: string
}

type EnrolmentConfirmed =
  | { ok: true }
  | { ok: false; reason: 'wrong' | 'gone' | 'too_many' | 'name_invalid' }
  | { ok: false; reason: 'throttled'; retryAfter: number }

/**
 * Begins the enrolment of an authenticator: a new seed of 160 random bits, sealed for its row (MF-01, RFC 4226 section 4 R6).
 * Until a code confirms it, within an hour, it counts for nothing; authenticators the user already has stay good, then too.
 * Those that were begun in other windows wait beside it, the newest three of them: the first that is confirmed ends the rest. `issuer` and `account` are what the app will show.
 */
export async function beginTotpEnrolment(
  { db, sealer, now }: EnrolmentDeps,
  { userId, issuer, account }: { userId: string; issuer: string; account: string },
): Promise<TotpEnrolment> {
  const id = randomUUID()
  const secret = generateSecret({ length: SEED_BYTES })
  const sealedSeed = sealer.seal(secret, sealContext(id))
  await atomically(db, async (tx) => {
    const waiting = await tx.totpCredential.findMany({
      where: { userId, confirmedAt: null },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      select: { id: true },
      skip: MAX_PENDING - 1,
    })
    await tx.totpCredential.deleteMany({
      where: { id: { in: waiting.map((one) => one.id) }, confirmedAt: null },
    })
    await tx.totpCredential.create({ data: { id, userId, sealedSeed, createdAt: now?.() ?? new Date() } })
  })
  return { credentialId: id, secret, uri: totpUri(secret, { issuer, account }) }
}

/** The same secret again while it awaits its confirming code, for a page that is loaded twice; null ever after (MF-01). */
export async function pendingTotpEnrolment(
  { db, sealer, now }: EnrolmentDeps,
  input: { userId: string; credentialId: string; issuer: string; account: string },
): Promise<TotpEnrolment | null> {
  const pending = await findPending(db, { ...input, now: now?.() ?? new Date() })
  if (!pending) return null
  const secret = sealer.open(pending.sealedSeed, sealContext(pending.id))
  return { credentialId: pending.id, secret, uri: totpUri(secret, input) }
}

/**
 * Confirms an enrolment by a code of the new authenticator, which is then one more of the user's, records it and tells the user by
 * mail. The code is spent by this, and whatever else was begun ends: nobody who has two windows open ends up with two devices. `gone`: not this
 * user's, confirmed already, ended by another that was, or more than an hour old. `too_many`: the user has five.
 * Attempts are throttled like codes. `name` is what its user calls it. What goes with it is in `around`.
 */
export async function confirmTotpEnrolment(
  deps: TotpDeps,
  input: { userId: string; credentialId: string; code: unknown; name?: string | undefined } & ChangedFrom,
  around: Around = {},
): Promise<EnrolmentConfirmed> {
  const { database, sealer, policy = defaultThrottlePolicy } = deps
  const name = normaliseFactorName(input.name)
  if (name === undefined) return { ok: false, reason: 'name_invalid' }
  const now = deps.now?.() ?? new Date()
  const pending = await findPending(database.prisma, { ...input, now })
  if (!pending) return { ok: false, reason: 'gone' }
  const code = parseTotpCode(input.code)
  if (code === null) return { ok: false, reason: 'wrong' }
  const counters = otpEnrolmentCounters(policy.otpEnrolment, input.userId)
  const reserved = await reserveAttempt(database.prisma, counters, now)
  if (!reserved.ok) return { ok: false, reason: 'throttled', retryAfter: reserved.retryAfter }
  try {
    const seed = sealer.open(pending.sealedSeed, sealContext(pending.id))
    const match = await matchTotpCode(seed, { code, now, lastStep: null })
    if (match.found !== 'step') {
      await recordBlocks(database.prisma, reserved.reservation, { ip: input.ip })
      return { ok: false, reason: 'wrong' }
    }
    const confirmed = { ...input, name, step: match.step, now, reservation: reserved.reservation }
    return await confirm(deps, confirmed, around)
  } catch (error) {
    await giveBackAfterTrouble(database.prisma, reserved.reservation)
    throw error
  }
}

type Confirmed = {
  userId: string
  credentialId: string
  name: string | null
  step: number
  now: Date
  reservation: Reservation
} & ChangedFrom

async function confirm(
  { database, sealer }: TotpDeps,
  { userId, credentialId: id, name, step, now, reservation, ip, userAgent }: Confirmed,
  around: Around,
): Promise<EnrolmentConfirmed> {
  return database.transaction(async (tx) => {
    // Two at once would each see room for one more.
    await lockUser(tx, userId)
    await around.before?.(tx)
    const others = await tx.totpCredential.count({
      where: { userId, confirmedAt: { not: null }, id: { not: id } },
    })
    if (others >= MAX_TOTP_DEVICES) {
      await giveBack(tx, reservation)
      return { ok: false, reason: 'too_many' }
    }
    const { count } = await tx.totpCredential.updateMany({
      where: { id, userId, confirmedAt: null },
      data: { confirmedAt: now, lastStep: step, lastUsedAt: now, name },
    })
    if (count === 0) {
      await giveBack(tx, reservation)
      return { ok: false, reason: 'gone' }
    }
    await tx.totpCredential.deleteMany({ where: { userId, confirmedAt: null } })
    await settleSuccess(tx, reservation)
    await record(tx, {
      type: 'factor.totp_added',
      userId,
      ip,
      actor: { via: 'user', userId },
      detail: { device: id, others },
    })
    await factorAdded({ tx, sealer }, { userId, what: 'totp_added', ip, userAgent })
    await around.after?.(tx)
    return { ok: true }
  })
}

async function findPending(
  db: Db,
  { userId, credentialId, now }: { userId: string; credentialId: string; now: Date },
): Promise<{ id: string; sealedSeed: string } | null> {
  if (!isUserId(userId) || !isUserId(credentialId)) return null
  const oldest = new Date(now.getTime() - PENDING_SECONDS * 1000)
  return db.totpCredential.findFirst({
    where: { id: credentialId, userId, confirmedAt: null, createdAt: { gt: oldest } },
    select: { id: true, sealedSeed: true },
  })
}
