import type { Db } from '../db/index.ts'
import type { WebhookEndpoint } from './webhook-endpoints.ts'

type Waiting = {
  /** Seconds since the oldest event that it is still to be told of happened; 0 when there is none. */
  lagSeconds: number
  failingSince: Date | null
}

/** How those outside are: each webhook endpoint that is not disabled, and the broker where one is or was. */
export type ReceiverStatistics = {
  webhooks: (Waiting & { id: string; state: Exclude<WebhookEndpoint['state'], 'disabled'> })[]
  broker: (Waiting & { lastError: string | null }) | null
}

/**
 * Two queries, a probe of an index for each receiver. Events that are not final count as well: nobody is told of those yet, and when that lasts
 * it must be seen.
 */
export async function receiverStatistics(db: Db): Promise<ReceiverStatistics> {
  const webhooks = await db.$queryRaw<ReceiverStatistics['webhooks']>`
    SELECT w.id::text, w.failing_since AS "failingSince",
      CASE WHEN w.paused_at IS NOT NULL THEN 'paused' WHEN w.failing_since IS NOT NULL THEN 'failing' ELSE 'active' END AS state,
      COALESCE(extract(epoch FROM now() - e.at), 0)::float8 AS "lagSeconds"
    FROM webhook_endpoints w LEFT JOIN LATERAL (
      SELECT a.at FROM audit_events a WHERE a.id > w.cursor ORDER BY a.id LIMIT 1) e ON true
    WHERE w.disabled_at IS NULL ORDER BY w.id`
  const [broker] = await db.$queryRaw<NonNullable<ReceiverStatistics['broker']>[]>`
    SELECT r.failing_since AS "failingSince", r.last_error AS "lastError",
      COALESCE(extract(epoch FROM now() - e.at), 0)::float8 AS "lagSeconds"
    FROM broker_relay r LEFT JOIN LATERAL (
      SELECT a.at FROM audit_events a WHERE a.id > r.cursor ORDER BY a.id LIMIT 1) e ON true`
  return { webhooks, broker: broker ?? null }
}

/**
 * Who is so far behind that the audit will have forgotten, in `withinDays`, what they are still to hear, when it keeps events for so many days:
 * words such as `webhook <id>`. Not those that are disabled.
 */
export async function receiversAboutToMiss(
  db: Db,
  { retentionDays, withinDays }: { retentionDays: number; withinDays: number },
): Promise<string[]> {
  const rows = await db.$queryRaw<{ who: string }[]>`
    SELECT r.who FROM (
      SELECT 'broker' AS who, cursor FROM broker_relay
      UNION ALL SELECT 'webhook ' || id, cursor FROM webhook_endpoints WHERE disabled_at IS NULL
      UNION ALL SELECT 'stream ' || id, cursor FROM ssf_streams WHERE status <> 'disabled') r
    WHERE (SELECT a.at FROM audit_events a WHERE a.id > r.cursor ORDER BY a.id LIMIT 1)
      < now() - make_interval(days => ${retentionDays - withinDays}::int)
    ORDER BY r.who LIMIT 100`
  return rows.map(({ who }) => who)
}
