import { Prisma } from '../db/index.ts'
import type { Db } from '../db/index.ts'
import type { Counter } from './throttle-counters.ts'
import { blockSchedule, secondsUntil } from './throttle-policy.ts'

/** An attempt that was counted before anything was verified. Hand it to `giveBack` or `settleSuccess`, or let it stand as a failure. */
export type Reservation = {
  counters: readonly Counter[]
  at: Date
  /** The attempt was the last one its counters let through: a failure ends in a block. */
  last: boolean
}

type Reserved = { ok: true; reservation: Reservation } | { ok: false; retryAfter: number }

/**
 * Counts an attempt against every counter before it is verified, so that guesses running in parallel, on any number of
 * instances, are together no more than the limit (TH-02, CVE-2024-4629). Refuses when one of them blocks, and then counts
 * nothing; `retryAfter` is in seconds. Must not run in a transaction that can be rolled back: the count has to outlive it.
 */
export async function reserveAttempt(db: Db, counters: readonly Counter[], at: Date): Promise<Reserved> {
  const held: Counter[] = []
  let last = false
  for (const counter of counters) {
    const count = await countOne(db, counter, at)
    if (count === null) {
      await giveBack(db, { counters: held, at, last })
      return { ok: false, retryAfter: await retryAfter(db, counter, at) }
    }
    held.push(counter)
    last ||= count % counter.policy.limit === 0
  }
  return { ok: true, reservation: { counters, at, last } }
}

/** Takes an attempt back that turned out to be no guess. A block that began only because of it is lifted. */
export async function giveBack(db: Db, { counters, at }: Reservation): Promise<void> {
  for (const { key, policy } of counters)
    await db.$executeRaw`
      UPDATE attempt_counters
      SET failures = failures - 1, blocked_until = NULL,
          expires_at = LEAST(expires_at, ${after(at, policy.windowSeconds)}::timestamptz)
      WHERE key = ${key} AND failures > 0`
}

/** After a success: gives the attempt back, and forgets the failures of the counters that a success clears. */
export async function settleSuccess(db: Db, reservation: Reservation): Promise<void> {
  for (const counter of reservation.counters)
    if (counter.policy.clearedBySuccess) await db.attemptCounter.deleteMany({ where: { key: counter.key } })
    else await giveBack(db, { ...reservation, counters: [counter] })
}

/** Gives back an attempt that could not be judged. Whatever stopped the judging is the error to tell of, not this. */
export async function giveBackAfterTrouble(db: Db, reservation: Reservation): Promise<void> {
  await giveBack(db, reservation).catch(() => undefined)
}

/**
 * One atomic statement: counts up unless the counter blocks, and starts the next block when the count reaches a multiple of
 * the limit. Returns the new count, or null when the counter blocks.
 */
async function countOne(db: Db, { key, policy }: Counter, at: Date): Promise<number | null> {
  const { limit, windowSeconds, renews } = policy
  const blocks = blockSchedule(policy)
  const now = Prisma.sql`${at}::timestamptz`
  const forgotten = Prisma.sql`${after(at, windowSeconds)}::timestamptz`
  const [firstBlock = 0] = blocks
  const fullAtOnce = limit === 1
  const [row] = await db.$queryRaw<{ failures: number }[]>`
    INSERT INTO attempt_counters AS held (key, failures, blocked_until, expires_at)
    VALUES (${key}, 1,
            ${fullAtOnce ? after(at, firstBlock) : null}::timestamptz,
            ${after(at, fullAtOnce ? firstBlock + windowSeconds : windowSeconds)}::timestamptz)
    ON CONFLICT (key) DO UPDATE SET (failures, blocked_until, expires_at) = (
      SELECT failed, until, CASE
          WHEN until IS NOT NULL THEN until + make_interval(secs => ${windowSeconds}::int)
          WHEN ${renews}::boolean OR held.expires_at <= ${now} THEN ${forgotten}
          ELSE held.expires_at END
      FROM (SELECT CASE WHEN held.expires_at <= ${now} THEN 1 ELSE held.failures + 1 END) AS counted (failed),
        LATERAL (SELECT CASE WHEN failed % ${limit}::int = 0 THEN
          ${now} + make_interval(secs => (${blocks}::int[])[LEAST(failed / ${limit}::int, ${blocks.length}::int)])
          END) AS block (until))
    WHERE held.blocked_until IS NULL OR held.blocked_until <= ${now} OR held.expires_at <= ${now}
    RETURNING failures`
  return row?.failures ?? null
}

async function retryAfter(db: Db, { key, policy }: Counter, at: Date): Promise<number> {
  const row = await db.attemptCounter.findUnique({ where: { key } })
  return row?.blockedUntil ? secondsUntil(row.blockedUntil, at) : policy.blockSeconds
}

function after(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000)
}
