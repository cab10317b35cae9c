import { sweepOf } from '../db/index.ts'
import type { Db, Sweep } from '../db/index.ts'
import type { LogoutNotice } from './back-channel-logout.ts'

/** A notice that this process may deliver now. */
export type ClaimedNotice = LogoutNotice & {
  id: string
  /** This one included. */
  attempts: number
  /** Since the session ended. */
  ageSeconds: number
}

/** What came of an attempt. `error` is one of the words in docs/clients.md. */
export type NoticeOutcome =
  | { state: 'delivered' }
  | { state: 'queued'; error: string; retryInSeconds: number }
  | { state: 'failed'; error: string }

/** A relying party that could not be reached for so long is not told any more. */
export const NOTICE_LIFETIME_SECONDS = 24 * 3600
/** For so long after the last attempt a receipt can tell who was told. */
const KEPT_SECONDS = 30 * 24 * 3600

/**
 * Takes up to `limit` due notices of a client, for `leaseSeconds`: until then no other process gets them, and afterwards, if the outcome
 * was never written, anyone. Nothing is locked meanwhile.
 */
export async function claimNotices(
  db: Db,
  { clientId, limit, leaseSeconds }: { clientId: string; limit: number; leaseSeconds: number },
): Promise<ClaimedNotice[]> {
  return db.$queryRaw<ClaimedNotice[]>`
    WITH due AS (
      SELECT id FROM logout_notices
      WHERE client_id = ${clientId} AND state = 'queued' AND next_attempt_at <= now()
      ORDER BY next_attempt_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )
    UPDATE logout_notices n SET attempts = n.attempts + 1, last_attempt_at = now(),
      next_attempt_at = now() + ${leaseSeconds} * interval '1 second'
    FROM due WHERE n.id = due.id
    RETURNING n.id, n.client_id AS "clientId", n.user_id AS "userId", n.sid, n.attempts,
      extract(epoch FROM now() - n.created_at)::float8 AS "ageSeconds"`
}

/** The clients that have due notices, found without looking at each notice. */
export async function clientsWithDueNotices(db: Db): Promise<string[]> {
  const rows = await db.$queryRaw<{ client_id: string }[]>`
    WITH RECURSIVE waiting AS (
      (SELECT client_id FROM logout_notices WHERE state = 'queued' ORDER BY client_id LIMIT 1)
      UNION ALL
      SELECT (SELECT n.client_id FROM logout_notices n WHERE n.state = 'queued' AND n.client_id > w.client_id ORDER BY n.client_id LIMIT 1)
      FROM waiting w WHERE w.client_id IS NOT NULL
    )
    SELECT w.client_id FROM waiting w WHERE EXISTS (
      SELECT FROM logout_notices n WHERE n.client_id = w.client_id AND n.state = 'queued' AND n.next_attempt_at <= now())`
  return rows.map(({ client_id: clientId }) => clientId)
}

/** Seconds until the client's next notice may be tried; null when none waits. */
export async function secondsToNextNotice(db: Db, clientId: string): Promise<number | null> {
  const [row] = await db.$queryRaw<{ seconds: number | null }[]>`
    SELECT extract(epoch FROM min(next_attempt_at) - now())::float8 AS seconds
    FROM logout_notices WHERE client_id = ${clientId} AND state = 'queued'`
  return row?.seconds ?? null
}

/** Writes down what came of an attempt; a no-op when the notice was settled meanwhile, or its lease ran out and another has it. */
export async function settleNotice(
  db: Db,
  { id, attempts }: Pick<ClaimedNotice, 'id' | 'attempts'>,
  outcome: NoticeOutcome,
): Promise<void> {
  if (outcome.state === 'delivered')
    await db.$executeRaw`UPDATE logout_notices SET state = 'delivered', delivered_at = now(), last_error = NULL
      WHERE id = ${id}::uuid AND state = 'queued'`
  else if (outcome.state === 'failed')
    await db.$executeRaw`UPDATE logout_notices SET state = 'failed', last_error = ${outcome.error}
      WHERE id = ${id}::uuid AND state = 'queued' AND attempts = ${attempts}`
  else
    await db.$executeRaw`UPDATE logout_notices SET last_error = ${outcome.error},
        next_attempt_at = now() + ${outcome.retryInSeconds} * interval '1 second'
      WHERE id = ${id}::uuid AND state = 'queued' AND attempts = ${attempts}`
}

/** How many notices wait, and for how long the oldest has. */
export async function waitingNotices(db: Db): Promise<{ waiting: number; oldestSeconds: number }> {
  const [row] = await db.$queryRaw<{ waiting: number; oldestSeconds: number }[]>`
    SELECT count(*)::int AS waiting, COALESCE(extract(epoch FROM now() - min(created_at)), 0)::float8 AS "oldestSeconds"
    FROM logout_notices WHERE state = 'queued'`
  return row ?? { waiting: 0, oldestSeconds: 0 }
}

/** Gives up what has waited too long, and forgets what was settled a month ago. */
export const noticeSweeps: readonly Sweep[] = [
  sweepOf({
    ...{ table: 'logout_notices', by: 'next_attempt_at', keptSeconds: 0 },
    only: `state = 'queued' AND created_at < now() - interval '${NOTICE_LIFETIME_SECONDS} seconds'`,
    set: "state = 'failed', last_error = COALESCE(last_error, 'expired')",
    overAt: `GREATEST(next_attempt_at, created_at + interval '${NOTICE_LIFETIME_SECONDS} seconds')`,
  }),
  sweepOf({
    ...{ table: 'logout_notices', by: 'next_attempt_at', keptSeconds: KEPT_SECONDS },
    only: "state <> 'queued'",
  }),
]
