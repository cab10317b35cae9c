import { sweepOf } from '../db/index.ts'
import type { Db, Sweep } from '../db/index.ts'

/** As long as an event waits for its receiver (docs/shared-signals.md). */
const KEPT_SECONDS = 30 * 24 * 3600
/** Less than sessions are kept beyond their end, so that a stream which is no further behind has seen all that happened in them. */
const BEHIND_SECONDS = 30

/** What a client calls a session, in SQL: by the payload of a living one or by what is left of an ended one. */
const sidOf = (payload: string, clientId: string) =>
  `COALESCE(${payload} #>> ARRAY['authorizations', ${clientId}, 'sid'], ${payload} #>> ARRAY['knownAs', ${clientId}])`

/**
 * Sessions go a minute after their end; what clients called them stays for those who were away and hear of it later. Only of clients with a
 * stream that is behind, so that this costs next to nothing where none is.
 */
export const sessionSweeps: readonly Sweep[] = [
  sweepOf({
    ...{ table: 'sessions', by: 'expires_at', keptSeconds: 2 * BEHIND_SECONDS },
    then: {
      columns: 'uid, user_id, payload',
      do: `behind AS (
        SELECT DISTINCT s.client_id FROM ssf_streams s WHERE s.status <> 'disabled' AND
          (SELECT e.at FROM audit_events e WHERE e.id > s.cursor ORDER BY e.id LIMIT 1) <= now() - interval '${BEHIND_SECONDS} seconds'),
      named AS (
        INSERT INTO session_names (session_uid, client_id, sid, user_id)
        SELECT n.uid, n.client_id, n.sid, n.user_id FROM (
          SELECT g.uid, b.client_id, ${sidOf('g.payload', 'b.client_id')} AS sid, g.user_id FROM gone g CROSS JOIN behind b) n
        WHERE n.sid IS NOT NULL AND n.user_id IS NOT NULL ON CONFLICT DO NOTHING)`,
    },
  }),
  sweepOf({ table: 'session_names', by: 'created_at', keptSeconds: KEPT_SECONDS }),
]

/**
 * A session as one client knows it, whether it lives, has ended or was swept: whose it is, and the `sid` of the client's ID tokens; null
 * when the client had no part in it. Null for a session of which nothing is left.
 */
export async function sessionAsSeenBy(
  db: Db,
  { uid, clientId }: { uid: string; clientId: string },
): Promise<{ userId: string | null; sid: string | null } | null> {
  const [row] = await db.$queryRawUnsafe<{ userId: string | null; sid: string | null }[]>(
    `SELECT user_id::text AS "userId", ${sidOf('payload', '$2::text')} AS sid FROM sessions WHERE uid = $1
     UNION ALL
     SELECT user_id::text, sid FROM session_names WHERE session_uid = $1 AND client_id = $2 LIMIT 1`,
    uid,
    clientId,
  )
  return row ?? null
}
