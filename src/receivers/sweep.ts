import { sweepOf } from '../db/index.ts'
import type { Sweep } from '../db/index.ts'

const KEPT_SECONDS = 30 * 24 * 3600

/** Attempts to deliver that are older than 30 days, and events that nobody came for in as long, which their streams count as dropped. */
export const receiversSweeps: readonly Sweep[] = [
  sweepOf({ table: 'webhook_deliveries', by: 'at', keptSeconds: KEPT_SECONDS }),
  sweepOf({
    ...{ table: 'ssf_events', by: 'iat', keptSeconds: KEPT_SECONDS },
    then: {
      columns: 'stream_id',
      do: `told AS (
        UPDATE ssf_streams s SET dropped = dropped + n FROM (SELECT stream_id, count(*) AS n FROM gone GROUP BY 1) g
        WHERE s.id = g.stream_id)`,
    },
  }),
]
