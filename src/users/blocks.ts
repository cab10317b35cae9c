import type { Db, Tx } from '../db/index.ts'
import { endStuffingAlarm, stuffingAlarm } from './stuffing.ts'
import { scopeOfKey } from './throttle-counters.ts'

/** Something that makes somebody wait, as operators see it. */
export type Block = {
  id: string
  /** What is counted: `password.account-network`, `otp.user`, `client-secret` … */
  kind: string
  /** Whom it is about; null where that is nobody we know. */
  userId: string | null
  clientId: string | null
  /** The address, or an IPv6 prefix; null where it is counted wherever it comes from. */
  network: string | null
  failures: number
  until: Date
}

/** The alarm over all users, listed before all blocks while it is on. */
const ALARM = '00000000-0000-7000-8000-000000000000'
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** At most `limit` of what blocks right now, in the order in which it began, those after the id `after`. */
export async function listBlocks(
  db: Db,
  { limit, after, now = new Date() }: { limit: number; after?: string | undefined; now?: Date },
): Promise<Block[]> {
  const from = after !== undefined && uuid.test(after) ? after : ALARM
  const rows = await db.$queryRaw<(Omit<Block, 'kind'> & { key: string })[]>`
    SELECT block_id::text AS id, key, user_id::text AS "userId", client_id AS "clientId", network, failures,
      blocked_until AS until
    FROM attempt_counters WHERE block_id > ${from}::uuid AND blocked_until > ${now}::timestamptz
    ORDER BY block_id LIMIT ${limit}::int`
  const blocks = rows.map(({ key, ...row }) => ({ ...row, kind: scopeOfKey(key) }))
  const alarm = after === undefined ? await stuffingAlarm(db, now) : null
  if (!alarm) return blocks
  const nobody = { userId: null, clientId: null, network: null }
  const everyone = {
    id: ALARM,
    kind: 'password.everyone',
    ...nobody,
    failures: alarm.failures,
    until: alarm.until,
  }
  return [everyone, ...blocks].slice(0, limit)
}

/** One block, locked; null when nothing of that id blocks. */
export async function findBlock(tx: Tx, id: string, now = new Date()): Promise<Block | null> {
  if (id === ALARM)
    return (await listBlocks(tx, { limit: 1, now })).find((block) => block.id === ALARM) ?? null
  if (!uuid.test(id)) return null
  const [row] = await tx.$queryRaw<(Omit<Block, 'kind'> & { key: string })[]>`
    SELECT block_id::text AS id, key, user_id::text AS "userId", client_id AS "clientId", network, failures,
      blocked_until AS until
    FROM attempt_counters WHERE block_id = ${id}::uuid AND blocked_until > ${now}::timestamptz FOR UPDATE`
  if (!row) return null
  const { key, ...block } = row
  return { ...block, kind: scopeOfKey(key) }
}

/** Lifts a block and forgets the failures that led to it. Returns whether there was one. Recording who did it is left to the caller. */
export async function liftBlock(tx: Tx, id: string, now = new Date()): Promise<boolean> {
  if (id === ALARM) return endStuffingAlarm(tx, now, { now: true })
  if (!uuid.test(id)) return false
  const lifted = await tx.$executeRaw`DELETE FROM attempt_counters WHERE block_id = ${id}::uuid`
  return lifted > 0
}

/** How many blocks there are of each kind, and whether the alarm over all users is on. For metrics. */
export async function countBlocks(
  db: Db,
  now = new Date(),
): Promise<{ blocks: { kind: string; count: number }[]; alarm: boolean }> {
  const blocks = await db.$queryRaw<{ kind: string; count: number }[]>`
    SELECT split_part(key, '/', 1) AS kind, count(*)::int AS count FROM attempt_counters
    WHERE block_id IS NOT NULL AND blocked_until > ${now}::timestamptz GROUP BY 1`
  return { blocks, alarm: (await stuffingAlarm(db, now)) !== null }
}
