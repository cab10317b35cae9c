import type { Database, Pool, PoolClient } from '../db/index.ts'
import { readFloor } from './floor.ts'
import type { Floor } from './floor.ts'
import { auditStatement } from './statement.ts'
import { inTransaction } from './transaction.ts'

/** `more`: another batch is due at once. */
export type Removal = { removed: number; more: boolean }

const BATCH = 5000
/** The newest days are always kept: followers, webhooks and verifiers elsewhere may be behind by as much. */
const LEAST_RETENTION_DAYS = 30
/** Begun only when a day's worth is due, so that a quiet server does not write an event an hour to remove another. */
const SLACK = `interval '1 day'`

type Due = { position: string; event_id: string; hash: Buffer; due: boolean }

/**
 * Removes events older than `days`, with their links and checkpoints: a batch from the beginning of the chain, never one from its middle, and
 * nothing that no signed checkpoint stands behind. What is left proves itself: in the same transaction the place where it begins is
 * recorded (`audit.events_removed`: position, hash, count, cutoff), so that removed by retention and removed by somebody are told apart. Any
 * number of instances may do it at once; it waits for nobody and holds up no writer. Throws on fewer than 30 days.
 */
export async function removeOldEvents(
  { pool }: Pick<Database, 'pool'>,
  { days, batch = BATCH }: { days: number; batch?: number },
): Promise<Removal> {
  if (!(days >= LEAST_RETENTION_DAYS)) throw new RangeError(`at least ${LEAST_RETENTION_DAYS} days are kept`)
  const floor = await readFloor(pool)
  if (!(await isBegun(pool, floor, days))) return { removed: 0, more: false }
  return inTransaction(pool, async (client) => {
    const { rows: locks } = await client.query<{ mine: boolean }>(
      `SELECT pg_try_advisory_xact_lock(hashtext('cardea:audit-retention')) AS mine`,
    )
    if (locks[0]?.mine !== true) return { removed: 0, more: false }
    const { rows } = await client.query<{ before: Date }>(
      `SELECT date_trunc('milliseconds', now() - make_interval(days => $1::int)) AS before`,
      [days],
    )
    const before = rows[0]?.before ?? new Date(0)
    const old = await oldestLinks(client, { after: (await readFloor(client)).position, before, batch })
    const last = old.at(-1)
    if (!last) return { removed: 0, more: false }
    await remove(client, old, last)
    const detail = {
      ...{ up_to: last.position, hash: last.hash.toString('hex') },
      ...{ count: old.length, before: before.toISOString() },
    }
    await client.query(auditStatement({ type: 'audit.events_removed', actor: { via: 'system' }, detail }))
    return { removed: old.length, more: old.length === batch }
  })
}

/** One probe: is the oldest event that is left more than a day too old? */
async function isBegun(pool: Pool, { position }: Floor, days: number): Promise<boolean> {
  const { rows } = await pool.query<{ due: boolean }>(
    `SELECT e.at < now() - make_interval(days => $2::int) - ${SLACK} AS due
     FROM (SELECT event_id FROM audit_links WHERE position > $1 ORDER BY position LIMIT 1) l
     JOIN audit_events e ON e.id = l.event_id`,
    [position, days],
  )
  return rows[0]?.due === true
}

/** The first links of the chain, up to the first one whose event is younger, is missing, or is not signed for by a later checkpoint. */
async function oldestLinks(
  client: PoolClient,
  { after, before, batch }: { after: bigint; before: Date; batch: number },
): Promise<Due[]> {
  const { rows } = await client.query<Due>(
    `SELECT l.position::text, l.event_id::text, l.hash, coalesce(e.at < $2, false) AS due
     FROM (SELECT * FROM audit_links WHERE position > $1
             AND position < (SELECT max(position) FROM audit_checkpoints) ORDER BY position LIMIT $3) l
     LEFT JOIN audit_events e ON e.id = l.event_id ORDER BY l.position`,
    [after, before, batch],
  )
  const young = rows.findIndex(({ due }) => !due)
  return young === -1 ? rows : rows.slice(0, young)
}

async function remove(client: PoolClient, old: readonly Due[], last: Due): Promise<void> {
  await client.query(`SET LOCAL cardea.audit_retention = 'on'`)
  const ids = old.map(({ event_id: id }) => id)
  await client.query('DELETE FROM audit_events WHERE id = ANY($1::bigint[])', [ids])
  await client.query('DELETE FROM audit_links WHERE position <= $1', [last.position])
  await client.query('DELETE FROM audit_checkpoints WHERE position <= $1', [last.position])
}
