import type { Database, Db } from '../db/index.ts'
import { sameBytes } from '../crypto/index.ts'
import { mailCodeCounters } from './mail-throttle.ts'
import { codeDigestOf } from './mail-ticket.ts'
import type { MailTicketPurpose } from './mail-ticket.ts'
import { giveBackAfterTrouble, recordBlocks, reserveAttempt, settleSuccess } from './throttle.ts'
import { ownerAndBrowser } from './trusted-browsers.ts'
import { isUserId } from './user-id.ts'

/** Wrong codes that one ticket bears: of a million codes five are tried. */
const GUESSES = 5

type CodeVerdict =
  | { ok: true; ticket: { id: string; purpose: MailTicketPurpose } }
  | { ok: false; reason: 'wrong' }
  | { ok: false; reason: 'throttled'; retryAfter: number }

/**
 * Checks the six digits that were typed instead of following the link, for the ticket this browser asked for. Counted before it is
 * looked at, by ticket (five), by address (a day) and by network, or by known browser, so that guesses in parallel on any number of
 * instances are no more than guesses in a row. A ticket that does not exist answers like one whose code is another. Does not use it up:
 * see `spendMailTicketByCode` and `tradeCodeForLink`. The link is not counted, so nobody can shut its owner out by guessing.
 */
export async function checkMailCode(
  { database, keys, now }: { database: Database; keys: readonly Buffer[]; now?: () => Date },
  attempt: {
    id: string
    purpose: MailTicketPurpose
    code: string
    email: string
    ip: string
    /** The value of the cookie by which browsers are known. */
    browserToken: string | undefined
  },
): Promise<CodeVerdict> {
  const { prisma } = database
  const { id, purpose, email, ip } = attempt
  const who = await ownerAndBrowser(prisma, { token: attempt.browserToken, email })
  const counters = mailCodeCounters({ email, ip, purpose, ...who })
  const reserved = await reserveAttempt(prisma, counters, now?.() ?? new Date())
  if (!reserved.ok) return { ok: false, reason: 'throttled', retryAfter: reserved.retryAfter }
  let isRight: boolean
  try {
    isRight = await isCodeOf(prisma, keys, attempt)
  } catch (error) {
    await giveBackAfterTrouble(prisma, reserved.reservation)
    throw error
  }
  if (!isRight) {
    await recordBlocks(prisma, reserved.reservation, { ip })
    return { ok: false, reason: 'wrong' }
  }
  await settleSuccess(prisma, reserved.reservation)
  return { ok: true, ticket: { id, purpose } }
}

async function isCodeOf(
  db: Db,
  keys: readonly Buffer[],
  { id, purpose, code }: { id: string; purpose: MailTicketPurpose; code: string },
): Promise<boolean> {
  const digits = code.replaceAll(/[\s-]/g, '')
  if (!isUserId(id) || !/^\d{6}$/.test(digits)) return false
  const [row] = await db.$queryRaw<{ codeDigest: Uint8Array }[]>`
    UPDATE mail_tickets SET failures = failures + 1
    WHERE id = ${id}::uuid AND purpose = ${purpose} AND expires_at > now() AND failures < ${GUESSES}
    RETURNING code_digest AS "codeDigest"`
  const stored = row?.codeDigest ?? new Uint8Array(32)
  return keys.some((key) => sameBytes(stored, codeDigestOf([key], id, digits)))
}
