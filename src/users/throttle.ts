import { randomBytes } from 'node:crypto'
import { record } from '../audit/index.ts'
import { Prisma } from '../db/index.ts'
import type { Db } from '../db/index.ts'
import { scopeOfKey } from './throttle-counters.ts'
import type { Counter } from './throttle-counters.ts'
import { blockSchedule, secondsUntil } from './throttle-policy.ts'

/** An attempt that was counted before anything was verified. Hand it to `giveBack` or `settleSuccess`, or let it stand as a failure. */
export type Reservation = {
  counters: readonly Counter[]
  at: Date
  /** The attempt was the last one its counters let through: a failure ends in a block. */
  last: boolean
  /** The blocks that begin with it, should it be a failure. */
  blocks: readonly Block[]
}

type Block = { counter: Counter; failures: number; until: Date }
/** `blockedBy`: the key of the counter that blocks. */
type Reserved = { ok: true; reservation: Reservation } | { ok: false; retryAfter: number; blockedBy: string }

/** From this length on a block is an alert; the short ones are everyday. */
const ALERT_SECONDS = 60

/**
 * Counts an attempt against every counter before it is verified, so that guesses running in parallel, on any number of
 * instances, are together no more than the limit (TH-02, CVE-2024-4629). Refuses when one of them blocks, and then counts
 * nothing; `retryAfter` is in seconds. Must not run in a transaction that can be rolled back: the count has to outlive it.
 */
export async function reserveAttempt(db: Db, counters: readonly Counter[], at: Date): Promise<Reserved> {
  const held: Counter[] = []
  const blocks: Block[] = []
  for (const counter of counters) {
    const counted = await countOne(db, counter, at)
    if (counted === null) {
      await giveBack(db, { counters: held, at })
      return { ok: false, retryAfter: await retryAfter(db, counter, at), blockedBy: counter.key }
    }
    held.push(counter)
    const { failures, blockedUntil } = counted
    if (blockedUntil) blocks.push({ counter, failures, until: blockedUntil })
  }
  return { ok: true, reservation: { counters, at, last: blocks.length > 0, blocks } }
}

/**
 * Tells of the blocks that a failed attempt has brought about, once each, when it is settled that it failed: as alerts in the audit,
 * if they are a minute or longer. `ip` is where the last attempt came from.
 */
export async function recordBlocks(
  db: Db,
  { blocks, at }: Pick<Reservation, 'blocks' | 'at'>,
  { ip }: { ip?: string | undefined } = {},
): Promise<void> {
  for (const { counter, failures, until } of blocks) {
    const seconds = secondsUntil(until, at)
    if (seconds < ALERT_SECONDS) continue
    const { userId, clientId, network } = counter.about ?? {}
    const detail = {
      kind: scopeOfKey(counter.key),
      failures,
      seconds,
      ...(network === undefined ? {} : { network }),
    }
    await record(db, { type: 'throttle.blocked', userId, clientId, ip, detail })
  }
}

/** Takes an attempt back that turned out to be no guess. A block that began only because of it is lifted. */
export async function giveBack(
  db: Db,
  { counters, at }: Pick<Reservation, 'counters' | 'at'>,
): Promise<void> {
  for (const { key, policy } of counters)
    await db.$executeRaw`
      UPDATE attempt_counters
      SET failures = failures - 1, blocked_until = NULL, block_id = NULL, user_id = NULL, client_id = NULL, network = NULL,
          expires_at = LEAST(expires_at, ${after(at, policy.windowSeconds)}::timestamptz)
      WHERE key = ${key} AND failures > 0`
}

/** After a success: gives the attempt back, and forgets the failures of the counters that a success clears. */
export async function settleSuccess(
  db: Db,
  { counters, at }: Pick<Reservation, 'counters' | 'at'>,
): Promise<void> {
  for (const counter of counters)
    if (counter.policy.clearedBySuccess) await db.attemptCounter.deleteMany({ where: { key: counter.key } })
    else await giveBack(db, { at, counters: [counter] })
}

/** Gives back an attempt that could not be judged. Whatever stopped the judging is the error to tell of, not this. */
export async function giveBackAfterTrouble(
  db: Db,
  reservation: Pick<Reservation, 'counters' | 'at'>,
): Promise<void> {
  await giveBack(db, reservation).catch(() => undefined)
}

/**
 * One atomic statement: counts up unless the counter blocks, and starts the next block when the count reaches the limit, or as many more
 * as the policy says. Returns the new count and the end of a block that begins with it, or null when the counter blocks.
 */
async function countOne(
  db: Db,
  { key, policy, about = {} }: Counter,
  at: Date,
): Promise<{ failures: number; blockedUntil: Date | null } | null> {
  const { limit, every = limit, windowSeconds, renews } = policy
  const blocks = blockSchedule(policy)
  const now = Prisma.sql`${at}::timestamptz`
  const forgotten = Prisma.sql`${after(at, windowSeconds)}::timestamptz`
  const [firstBlock = 0] = blocks
  const fullAtOnce = limit === 1
  const blockId = timeOrderedId(at)
  const { userId = null, clientId = null, network = null } = about
  const [row] = await db.$queryRaw<{ failures: number; blockedUntil: Date | null }[]>`
    INSERT INTO attempt_counters AS held (key, failures, blocked_until, expires_at, block_id, user_id, client_id, network)
    VALUES (${key}, 1,
            ${fullAtOnce ? after(at, firstBlock) : null}::timestamptz,
            ${after(at, fullAtOnce ? firstBlock + windowSeconds : windowSeconds)}::timestamptz,
            ${fullAtOnce ? blockId : null}::uuid, ${fullAtOnce ? userId : null}::uuid, ${fullAtOnce ? clientId : null}::text,
            ${fullAtOnce ? network : null}::text)
    ON CONFLICT (key) DO UPDATE SET (failures, blocked_until, expires_at, block_id, user_id, client_id, network) = (
      SELECT failed, until, CASE
          WHEN until IS NOT NULL THEN until + make_interval(secs => ${windowSeconds}::int)
          WHEN ${renews}::boolean OR held.expires_at <= ${now} THEN ${forgotten}
          ELSE held.expires_at END,
        CASE WHEN until IS NOT NULL THEN COALESCE(held.block_id, ${blockId}::uuid) END,
        CASE WHEN until IS NOT NULL THEN ${userId}::uuid END,
        CASE WHEN until IS NOT NULL THEN ${clientId}::text END,
        CASE WHEN until IS NOT NULL THEN ${network}::text END
      FROM (SELECT CASE WHEN held.expires_at <= ${now} THEN 1 ELSE held.failures + 1 END) AS counted (failed),
        LATERAL (SELECT CASE WHEN failed >= ${limit}::int AND (failed - ${limit}::int) % ${every}::int = 0 THEN
          ${now} + make_interval(secs =>
            (${blocks}::int[])[LEAST(1 + (failed - ${limit}::int) / ${every}::int, ${blocks.length}::int)])
          END) AS block (until))
    WHERE held.blocked_until IS NULL OR held.blocked_until <= ${now} OR held.expires_at <= ${now}
    RETURNING failures, blocked_until AS "blockedUntil"`
  return row ?? null
}

async function retryAfter(db: Db, { key, policy }: Counter, at: Date): Promise<number> {
  const row = await db.attemptCounter.findUnique({ where: { key } })
  return row?.blockedUntil ? secondsUntil(row.blockedUntil, at) : policy.blockSeconds
}

function after(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000)
}

/** A UUID of version 7 (RFC 9562 section 5.7): blocks are listed in the order in which they began. */
function timeOrderedId(at: Date): string {
  const random = randomBytes(10).toString('hex')
  const hex = `${at.getTime().toString(16).padStart(12, '0')}7${random.slice(0, 3)}8${random.slice(3, 18)}`
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
