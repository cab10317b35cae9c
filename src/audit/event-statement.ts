import type { Pool } from '../db/index.ts'
import { EVENT_COLUMNS } from './event.ts'
import type { IdRange } from './id-range.ts'
import type { EventQuery } from './list-events.ts'

/** One page of events as a statement. `types` instead of the type prefix: those that there are of it, null for any. */
export function eventStatement({
  types,
  order = 'newest',
  limit,
  ...query
}: EventQuery & { range: IdRange; types: readonly string[] | null }): { text: string; values: unknown[] } {
  const values: unknown[] = []
  const where = (comparison: string, value: unknown) =>
    value === undefined ? [] : [`e.${comparison} $${values.push(value)}`]
  const conditions = [
    ...where('user_id =', query.userId),
    ...where('client_id =', query.clientId),
    ...where('grant_id =', query.grantId),
    ...where('session_uid =', query.sessionUid),
    ...where('actor_client_id =', query.actorClientId),
    ...where('actor_user_id =', query.actorUserId),
    ...where('type =', query.type),
    ...where('at >=', query.from),
    ...where('at <', query.to),
    ...where('id >', query.range.above),
    ...where('id <=', query.range.upTo),
    ...where('id >', query.afterId),
    ...where(order === 'oldest' ? 'id >' : 'id <', query.after),
  ]
  const inOrder = `ORDER BY e.id ${order === 'oldest' ? 'ASC' : 'DESC'} LIMIT ${limit}`
  const select = (all: string[]) =>
    `SELECT e.* FROM audit_events e WHERE ${all.length > 0 ? all.join(' AND ') : 'true'} ${inOrder}`
  // An index has the events of each type in order, and a prefix is a few types.
  const events =
    types === null
      ? select(conditions)
      : `SELECT e.* FROM unnest($${values.push(types)}::text[]) AS t (type)
         CROSS JOIN LATERAL (${select([...conditions, 'e.type = t.type'])}) e`
  return {
    text: `SELECT ${EVENT_COLUMNS}, l.position::text, l.hash FROM (${events}) e
      LEFT JOIN audit_links l ON l.event_id = e.id ${inOrder}`,
    values,
  }
}

/** The types that events have and that begin so: one probe of an index each. */
export async function knownTypes(pool: Pool, prefix: string): Promise<string[]> {
  const { rows } = await pool.query<{ type: string }>(
    `WITH RECURSIVE known AS (
       (SELECT type FROM audit_events ORDER BY type LIMIT 1)
       UNION ALL
       SELECT (SELECT e.type FROM audit_events e WHERE e.type > known.type ORDER BY e.type LIMIT 1)
       FROM known WHERE known.type IS NOT NULL)
     SELECT type FROM known WHERE starts_with(type, $1)`,
    [prefix],
  )
  return rows.map(({ type }) => type)
}
