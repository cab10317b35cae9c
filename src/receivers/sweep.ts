import { sweepOf } from '../db/index.ts'
import type { Sweep } from '../db/index.ts'

const KEPT_SECONDS = 30 * 24 * 3600

/** Attempts to deliver that are older than 30 days, and events that nobody came for in as long, which their streams count as dropped. */
export const receiversSweeps: readonly Sweep[] = [
  sweepOf({ table: 'webhook_deliveries', by: 'at', keptSeconds: KEPT_SECONDS }),
  {
    table: 'ssf_events',
    statement: `WITH old AS MATERIALIZED (
        SELECT ctid AS place, iat FROM ssf_events
        WHERE iat >= COALESCE($2::timestamptz, '-infinity') AND iat <= now() - interval '${KEPT_SECONDS} seconds'
        ORDER BY iat LIMIT $1::int FOR UPDATE SKIP LOCKED),
      gone AS (DELETE FROM ssf_events WHERE ctid = ANY(ARRAY(SELECT place FROM old)) RETURNING stream_id),
      told AS (
        UPDATE ssf_streams s SET dropped = dropped + n FROM (SELECT stream_id, count(*) AS n FROM gone GROUP BY 1) g
        WHERE s.id = g.stream_id)
      SELECT count(*)::int AS found, max(iat) AS reached FROM old`,
  },
]
