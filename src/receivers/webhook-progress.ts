import type { Db, Prisma, Tx } from '../db/index.ts'

/** An endpoint as whoever delivers to it needs it. */
export type DueEndpoint = Prisma.WebhookEndpointGetPayload<object>

/** What became of one message. `error` is a word: http_500, timeout, refused … */
export type WebhookAttempt = {
  messageId: string
  eventType: string
  durationMs: number
  status: number | null
  error: string | null
}

/** An attempt as the log keeps it. */
export type DeliveredOrNot = WebhookAttempt & { id: string; at: Date }

/** The ids of endpoints that may be tried now and have events behind their cursor, up to the last one that is final. */
export async function endpointsWithNews(db: Db): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT w.id FROM webhook_endpoints w, audit_chain c
    WHERE w.disabled_at IS NULL AND w.paused_at IS NULL AND w.next_attempt_at <= now() AND w.cursor < c.settled AND c.id = 1
      AND EXISTS (SELECT FROM audit_events e WHERE e.id > w.cursor AND e.id <= c.settled)`
  return rows.map(({ id }) => id)
}

/** The endpoint, if it may be tried now. */
export async function dueEndpoint(db: Db, id: string): Promise<DueEndpoint | null> {
  const due = await db.$queryRaw<unknown[]>`
    SELECT id::text FROM webhook_endpoints
    WHERE id = ${id}::uuid AND disabled_at IS NULL AND paused_at IS NULL AND next_attempt_at <= now()`
  return due.length > 0 ? db.webhookEndpoint.findUnique({ where: { id } }) : null
}

/** The endpoint, whatever state it is in. */
export async function findReceiver(db: Db, id: string): Promise<DueEndpoint | null> {
  return db.webhookEndpoint.findUnique({ where: { id } })
}

/** An endpoint at the address that was asked: what came of that says nothing about another one. */
type Asked = { id: string; url: string }

/** It was told of everything up to this event, or that was not for it. Never goes back, whoever else delivered meanwhile. */
export async function advance(db: Db, { id, url }: Asked, cursor: string): Promise<void> {
  await db.$executeRaw`
    UPDATE webhook_endpoints SET cursor = ${BigInt(cursor)}
    WHERE id = ${id}::uuid AND url = ${url} AND cursor < ${BigInt(cursor)}`
}

/** Keeps what became of an attempt; of an endpoint that is gone nothing. */
export async function noteAttempt(db: Db, id: string, attempt: WebhookAttempt): Promise<void> {
  const { messageId, eventType, durationMs, status, error } = attempt
  await db.$executeRaw`
    INSERT INTO webhook_deliveries (endpoint_id, message_id, event_type, duration_ms, status, error)
    SELECT id, ${messageId}, ${eventType}, ${durationMs}::int, ${status}::int, ${error}::text FROM webhook_endpoints
    WHERE id = ${id}::uuid FOR KEY SHARE`
}

/** It took a message: from now on it counts as healthy. */
export async function noteSuccess(db: Db, { id, url }: Asked): Promise<void> {
  await db.$executeRaw`
    UPDATE webhook_endpoints SET failing_since = NULL, failures = 0, paused_at = NULL
    WHERE id = ${id}::uuid AND url = ${url} AND disabled_at IS NULL AND failures > 0`
}

/**
 * After a failure: when it is tried again, or that it is not any more until an operator says so. False, and nothing changes, when it has
 * another address meanwhile or was disabled.
 */
export async function noteFailure(
  tx: Tx,
  { id, url }: Asked,
  next: { retryInSeconds: number } | 'pause' | 'disable',
): Promise<boolean> {
  const noted = await tx.$executeRaw`
    UPDATE webhook_endpoints SET failures = failures + 1, failing_since = COALESCE(failing_since, now()),
      next_attempt_at = now() + make_interval(secs => ${typeof next === 'object' ? next.retryInSeconds : 0}::float8),
      paused_at = CASE WHEN ${next === 'pause'} THEN now() ELSE paused_at END,
      disabled_at = CASE WHEN ${next === 'disable'} THEN now() ELSE disabled_at END
    WHERE id = ${id}::uuid AND url = ${url} AND disabled_at IS NULL`
  return noted > 0
}

/** What was tried, the newest first: those before `before`, at most `limit`. */
export async function listDeliveries(
  db: Db,
  { endpointId, before, limit }: { endpointId: string; before?: string | undefined; limit: number },
): Promise<DeliveredOrNot[]> {
  const rows = await db.webhookDelivery.findMany({
    where: { endpointId, ...(before === undefined ? {} : { id: { lt: BigInt(before) } }) },
    orderBy: { id: 'desc' },
    take: limit,
  })
  return rows.map(({ id, endpointId: _endpoint, ...row }) => ({ ...row, id: id.toString() }))
}
