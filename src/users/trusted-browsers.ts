import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import { digest, randomSecret } from '../crypto/index.ts'
import type { Db, Tx } from '../db/index.ts'
import { isUserId } from './user-id.ts'

/** A browser is known this long after the last sign-in with it. */
const KNOWN_DAYS = 180
/** How many people's secrets one cookie carries; the ones that signed in longest ago leave it. */
const MOST_PEOPLE = 8
/** How many browsers are known for one person; the ones used longest ago are forgotten. */
const MOST_BROWSERS = 30
const MOST_TEXT = 500

/** A browser somebody has signed in from, as its owner and operators see it. */
export type TrustedBrowser = {
  id: string
  userAgent: string | null
  ip: string | null
  createdAt: Date
  lastUsedAt: Date
  /** Until then it is not asked for the second factor; null when it always is. */
  skipsFactorUntil: Date | null
  /** It is the one that is looking. */
  current: boolean
}

/**
 * Makes a browser known for a user who has just signed in from it with everything that was asked: strangers who use up the user's
 * attempts do not lock them out of it (TH-03). `token` is the whole value of its cookie, which may carry a secret for each of several
 * people; the answer's `token` takes its place. A secret is only ever made here, never taken over, and a new one each time that
 * `skipFactorDays` (whole days from now without the second factor) is given: who copied the old one gains nothing by it.
 */
export async function knowBrowser(
  tx: Tx,
  input: {
    userId: string
    token?: string | undefined
    userAgent?: string | undefined
    ip?: string | undefined
    skipFactorDays?: number | undefined
    /** Only a code by mail was proven, and no sign-in followed yet: it has passwords of its own to try, but no codes (MF-05). */
    byMail?: boolean | undefined
  },
): Promise<{ token: string }> {
  const { userId, token, skipFactorDays = 0, byMail = false } = input
  const userAgent = input.userAgent?.slice(0, MOST_TEXT) ?? null
  const ip = input.ip?.slice(0, MOST_TEXT) ?? null
  const secrets = secretsIn(token)
  const known = await rowsOf(tx, { secrets, userId })
  const keep = skipFactorDays > 0 ? undefined : known[0]
  if (keep) {
    await tx.$executeRaw`
      UPDATE trusted_browsers SET last_used_at = now(), user_agent = ${userAgent}, ip = ${ip},
        expires_at = now() + make_interval(days => ${KNOWN_DAYS}::int), by_mail = by_mail AND ${byMail}::boolean
      WHERE id = ${keep.id}::uuid`
    const own = secrets.find((secret) => digest(secret).equals(keep.digest)) ?? ''
    return { token: joined([own, ...secrets.filter((secret) => secret !== own)]) }
  }
  await tx.trustedBrowser.deleteMany({ where: { id: { in: known.map(({ id }) => id) } } })
  const secret = randomSecret()
  // Prisma makes the id; everything that is compared with other instances' times is the database's.
  const { id } = await tx.trustedBrowser.create({
    data: { userId, digest: new Uint8Array(digest(secret)), userAgent, ip, byMail, expiresAt: new Date(0) },
    select: { id: true },
  })
  await tx.$executeRaw`
    UPDATE trusted_browsers SET created_at = now(), last_used_at = now(),
      expires_at = now() + make_interval(days => ${KNOWN_DAYS}::int),
      skips_factor_until = CASE WHEN ${skipFactorDays}::int > 0 THEN now() + make_interval(days => ${skipFactorDays}::int) END
    WHERE id = ${id}::uuid`
  await tx.$executeRaw`
    DELETE FROM trusted_browsers WHERE user_id = ${userId}::uuid AND id <> ${id}::uuid AND id NOT IN (
      SELECT id FROM trusted_browsers WHERE user_id = ${userId}::uuid AND id <> ${id}::uuid
      ORDER BY last_used_at DESC LIMIT ${MOST_BROWSERS - 1}::int)`
  if (skipFactorDays > 0)
    await record(tx, {
      type: 'browser.trusted',
      userId,
      ip: ip ?? undefined,
      detail: { days: skipFactorDays },
    })
  const replaced = new Set(known.map((row) => row.digest.toString('hex')))
  const others = secrets.filter((other) => !replaced.has(digest(other).toString('hex')))
  return { token: joined([secret, ...others]) }
}

/**
 * The browser that this cookie's value names for the user somebody claims to be, whether it may skip their second factor now, and whether
 * it is known by a code from a mail only; null
 * for one that is not known, was forgotten, or is known for others only. It proves nothing about who types.
 */
export async function browserOf(
  db: Db,
  { token, userId }: { token: string | undefined; userId: string },
): Promise<{ id: string; skipsFactor: boolean; byMail: boolean } | null> {
  const [row] = await rowsOf(db, { secrets: secretsIn(token), userId })
  return row ? { id: row.id, skipsFactor: row.skipsFactor, byMail: row.byMail } : null
}

/** The id of the browser that may try codes by itself: known by a whole sign-in. */
export async function provenBrowser(
  db: Db,
  claimed: { token: string | undefined; userId: string },
): Promise<string | null> {
  const browser = await browserOf(db, claimed)
  return browser && !browser.byMail ? browser.id : null
}

/** Who has the address, and which browser this cookie's value names for them. One statement whoever that is. */
export async function ownerAndBrowser(
  db: Db,
  { token, email }: { token: string | undefined; email: string },
): Promise<{ userId: string | undefined; browser: string | null }> {
  const digests = secretsIn(token).map((secret) => new Uint8Array(digest(secret)))
  const [row] = await db.$queryRaw<{ userId: string; browser: string | null }[]>`
    SELECT u.id AS "userId", (
      SELECT b.id FROM trusted_browsers b
      WHERE b.user_id = u.id AND b.digest = ANY(${digests}::bytea[]) AND b.expires_at > now()
      ORDER BY b.last_used_at DESC LIMIT 1) AS browser
    FROM users u WHERE u.email = ${email}`
  return { userId: row?.userId, browser: row?.browser ?? null }
}

/** The id of the browser that this cookie's value names for whoever has the address, or null. */
export async function browserForEmail(
  db: Db,
  claimed: { token: string | undefined; email: string },
): Promise<string | null> {
  return (await ownerAndBrowser(db, claimed)).browser
}

/** The id of the browser that this cookie's value names for anybody who signed in with it, or null. */
export async function browserOfAnybody(db: Db, token: string | undefined): Promise<string | null> {
  const digests = secretsIn(token).map((secret) => new Uint8Array(digest(secret)))
  if (digests.length === 0) return null
  const row = await db.trustedBrowser.findFirst({
    where: { digest: { in: digests }, byMail: false, expiresAt: { gt: new Date() } },
    orderBy: { lastUsedAt: 'desc' },
    select: { id: true },
  })
  return row?.id ?? null
}

/** Every browser known for the user, the last used first; `token` is the cookie of the one that is looking. */
export async function listTrustedBrowsers(
  db: Db,
  { userId, token }: { userId: string; token?: string | undefined },
): Promise<TrustedBrowser[]> {
  if (!isUserId(userId)) return []
  const digests = secretsIn(token).map(digest)
  const rows = await db.$queryRaw<(TrustedBrowser & { digest: Uint8Array })[]>`
    SELECT id, digest, user_agent AS "userAgent", ip, created_at AS "createdAt", last_used_at AS "lastUsedAt",
      CASE WHEN skips_factor_until > now() THEN skips_factor_until END AS "skipsFactorUntil"
    FROM trusted_browsers WHERE user_id = ${userId}::uuid AND expires_at > now() ORDER BY last_used_at DESC, id DESC`
  return rows.map(({ digest: own, ...row }) => ({
    ...row,
    current: digests.some((one) => one.equals(own)),
  }))
}

/** Forgets one browser of the user and records it. Returns whether there was one. */
export async function forgetTrustedBrowser(
  tx: Tx,
  { userId, id }: { userId: string; id: string },
  by: By = {},
): Promise<boolean> {
  if (!isUserId(userId) || !isUserId(id)) return false
  const { count } = await tx.trustedBrowser.deleteMany({ where: { id, userId } })
  if (count > 0) await record(tx, { type: 'browser.forgotten', userId, ...by, detail: { browser: id } })
  return count > 0
}

/**
 * Forgets every browser of the user: what follows on a new password, on a changed factor, and on ending all their access. Records it when
 * there was any, and returns how many.
 */
export async function forgetTrustedBrowsers(tx: Tx, userId: string, by: By = {}): Promise<number> {
  if (!isUserId(userId)) return 0
  const { count } = await tx.trustedBrowser.deleteMany({ where: { userId } })
  if (count > 0) await record(tx, { type: 'browser.forgotten', userId, ...by, detail: { count } })
  return count
}

/** The secrets in a cookie's value, at most eight; none in anything of another form. */
export function secretsIn(token: string | undefined): string[] {
  if (token === undefined || token.length > 44 * MOST_PEOPLE) return []
  const secrets = token.split('.')
  return secrets.every((secret) => /^[\w-]{43}$/.test(secret)) ? [...new Set(secrets)] : []
}

function joined(secrets: readonly string[]): string {
  return secrets.slice(0, MOST_PEOPLE).join('.')
}

type Row = { id: string; digest: Buffer; skipsFactor: boolean; byMail: boolean }

async function rowsOf(
  db: Db,
  { secrets, userId }: { secrets: readonly string[]; userId: string },
): Promise<Row[]> {
  if (secrets.length === 0 || !isUserId(userId)) return []
  const digests = secrets.map((secret) => new Uint8Array(digest(secret)))
  const rows = await db.$queryRaw<(Omit<Row, 'digest'> & { digest: Uint8Array })[]>`
    SELECT id, digest, by_mail AS "byMail", COALESCE(skips_factor_until > now(), false) AS "skipsFactor" FROM trusted_browsers
    WHERE digest = ANY(${digests}::bytea[]) AND user_id = ${userId}::uuid AND expires_at > now()
    ORDER BY last_used_at DESC`
  return rows.map((row) => ({ ...row, digest: Buffer.from(row.digest) }))
}
