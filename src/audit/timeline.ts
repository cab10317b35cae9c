import type { Database } from '../db/index.ts'
import { documentOf, EVENT_COLUMNS } from './event.ts'
import type { AuditEventDocument, EventRow } from './event.ts'

/** Everything that happened to one grant, the oldest first: the sign-in, what was allowed, the tokens, and what ended it. */
export type TimelineThread = {
  grantId: string
  clientId: string | null
  events: AuditEventDocument[]
  /** More happened on this page than fits: of this grant the oldest events are left out. */
  truncated: boolean
}

export type TimelineQuery = {
  userId: string
  /** The `next` of the page before. */
  after?: string | undefined
  /** Grants a page. */
  limit: number
}

type Listed = { grant_id: string; client_id: string | null; first: string; last: string; sessions: string[] }

/** Of a user with very many events the newest are looked at: a page must not read for minutes. */
const MOST_EVENTS = 100_000
const MOST_PER_PAGE = 2000

/**
 * What happened to a user, told by grant: the grants that something happened to last come first. Endings that were meant for more than one
 * grant (a user disabled, a client's access or everybody's ended) appear in each that they met. Refreshing is no event of its own.
 */
export async function userTimeline(
  { pool }: Pick<Database, 'pool'>,
  { userId, after, limit }: TimelineQuery,
): Promise<{ threads: TimelineThread[]; next: string | null }> {
  const { rows: listed } = await pool.query<Listed>(
    `SELECT grant_id, min(client_id) AS client_id, min(id)::text AS first, max(id)::text AS last,
       coalesce(array_agg(DISTINCT session_uid) FILTER (WHERE session_uid IS NOT NULL), '{}') AS sessions
     FROM (SELECT * FROM audit_events WHERE user_id = $1 ORDER BY id DESC LIMIT ${MOST_EVENTS}) e
     WHERE grant_id IS NOT NULL GROUP BY grant_id HAVING $2::bigint IS NULL OR max(id) < $2
     ORDER BY max(id) DESC LIMIT $3`,
    [userId, after ?? null, limit + 1],
  )
  const page = listed.slice(0, limit)
  const newest = page.length === 0 ? [] : await eventsOf(pool, userId, page)
  const events = newest.slice(0, MOST_PER_PAGE).reverse()
  const since = newest.length > MOST_PER_PAGE ? (events[0]?.id ?? null) : null
  return {
    threads: page.map((grant) => thread(grant, events, since)),
    next: listed.length > limit ? (page.at(-1)?.last ?? null) : null,
  }
}

/**
 * The events of these grants and of the sessions they were given in, and whatever ended access more widely since the first of them: the newest
 * first, one more than fits.
 */
async function eventsOf(
  pool: Database['pool'],
  userId: string,
  grants: readonly Listed[],
): Promise<AuditEventDocument[]> {
  const first = grants.map((grant) => BigInt(grant.first)).reduce((a, b) => (a < b ? a : b))
  const { rows } = await pool.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM (
       SELECT * FROM audit_events WHERE user_id = $1 AND (grant_id = ANY($2)
         OR (session_uid = ANY($3) AND type IN ('session.started', 'session.ended', 'access.revoked'))
         OR (id > $5 AND grant_id IS NULL AND session_uid IS NULL AND type IN ('access.revoked', 'user.disabled', 'user.deleted')))
       UNION
       SELECT * FROM audit_events WHERE id > $5 AND user_id IS NULL AND type = 'access.revoked' AND session_uid IS NULL
         AND (client_id IS NULL OR client_id = ANY($4))) e
     ORDER BY e.id DESC LIMIT ${MOST_PER_PAGE + 1}`,
    [
      userId,
      grants.map(({ grant_id: id }) => id),
      grants.flatMap(({ sessions }) => sessions),
      grants.map(({ client_id: id }) => id),
      first,
    ],
  )
  return rows.map(documentOf)
}

function thread(grant: Listed, events: readonly AuditEventDocument[], since: string | null): TimelineThread {
  const { grant_id: grantId, client_id: clientId } = grant
  const sessions = new Set(grant.sessions)
  const own: AuditEventDocument[] = []
  let ended = false
  for (const event of events) {
    const isOwn =
      event.grant_id === undefined
        ? event.session_id !== undefined
          ? sessions.has(event.session_id)
          : !ended && isAfter(event, grant.first) && (event.client_id ?? clientId) === clientId
        : event.grant_id === grantId
    if (!isOwn) continue
    own.push(event)
    // What came later met a grant that had ended already.
    ended ||= event.session_id === undefined && endings.has(event.type)
  }
  const truncated = since !== null && BigInt(grant.first) < BigInt(since)
  return { grantId, clientId, events: own, truncated }
}

const endings = new Set(['access.revoked', 'grant.revoked', 'user.deleted'])

function isAfter({ id }: AuditEventDocument, first: string): boolean {
  return BigInt(id) > BigInt(first)
}
