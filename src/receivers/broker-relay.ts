import type { Db } from '../db/index.ts'

/** Begins the relay's place where the audit is now: a broker is told of what happens from then on. Does nothing when it has one. */
export async function openRelay(db: Db): Promise<void> {
  await db.$executeRaw`
    INSERT INTO broker_relay (cursor) SELECT settled FROM audit_chain
    WHERE id = 1 AND NOT EXISTS (SELECT FROM broker_relay) ON CONFLICT (id) DO NOTHING`
}

/** Whether there are events behind its place, up to the last one that is final, and it may try. */
export async function relayHasNews(db: Db): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT r.id FROM broker_relay r, audit_chain c
    WHERE r.next_attempt_at <= now() AND r.cursor < c.settled AND c.id = 1
      AND EXISTS (SELECT FROM audit_events e WHERE e.id > r.cursor AND e.id <= c.settled)`
  return rows.length > 0
}

/** Its place, if it may try now. */
export async function dueRelay(db: Db): Promise<{ cursor: string; failures: number } | null> {
  const rows = await db.$queryRaw<{ cursor: string; failures: number }[]>`
    SELECT cursor::text AS cursor, failures FROM broker_relay WHERE next_attempt_at <= now()`
  return rows[0] ?? null
}

/** The broker has confirmed everything up to this event. Never goes back, whoever else relayed meanwhile. */
export async function advanceRelay(db: Db, cursor: string): Promise<void> {
  await db.$executeRaw`
    UPDATE broker_relay SET cursor = greatest(cursor, ${BigInt(cursor)}), failures = 0, failing_since = NULL, last_error = NULL`
}

/** After a failure: why, in a word, and when it tries again. */
export async function noteRelayFailure(
  db: Db,
  { reason, retryInSeconds }: { reason: string; retryInSeconds: number },
): Promise<void> {
  await db.$executeRaw`
    UPDATE broker_relay SET failures = failures + 1, failing_since = COALESCE(failing_since, now()), last_error = ${reason},
      next_attempt_at = now() + make_interval(secs => ${retryInSeconds}::float8)`
}
