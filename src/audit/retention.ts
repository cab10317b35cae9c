import type { Database, Pool, PoolClient } from '../db/index.ts'
import type { Sealer } from '../crypto/index.ts'
import { diagnose } from './diagnose.ts'
import type { Place } from './diagnose.ts'
import { doubtOf, LEAST_RETENTION_DAYS, readFloor, recordRemoval, REMOVAL_LOCK } from './floor.ts'
import type { Floor } from './floor.ts'
import { readLinks } from './read-chain.ts'
import { inTransaction } from './transaction.ts'

/** `more`: another batch is due at once. */
export type Removal = { removed: number; more: boolean }

const BATCH = 5000
/** Links checked at once. */
const CHECKED = 500
/** Begun only when a day's worth is due, so that a quiet server does not write an event an hour to remove another. */
const SLACK = `interval '1 day'`

const REFUSED = 'the beginning of the audit chain was touched, nothing is removed: see cardea audit verify'

type Due = { position: string; event_id: string; hash: Buffer; due: boolean }

/**
 * Removes events older than `days`, with their links and checkpoints: a batch from the beginning of the chain, never one from its middle, and
 * nothing that no signed checkpoint stands behind. What is left proves itself: in the same transaction the place where it begins is
 * recorded (`audit.events_removed`: position, hash, count, cutoff; sealed under the key ring), so that removed by retention and removed by
 * somebody are told apart. Nothing goes, and it throws, where the chain does not begin as we recorded it or what is to go is not what was put into it: that is evidence. Any
 * number of instances may do it at once; it waits for nobody and holds up no writer. Throws on fewer than 30 days.
 */
export async function removeOldEvents(
  { pool, sealer }: Pick<Database, 'pool'> & { sealer: Sealer },
  { days, batch = BATCH }: { days: number; batch?: number },
): Promise<Removal> {
  if (!(days >= LEAST_RETENTION_DAYS)) throw new RangeError(`at least ${LEAST_RETENTION_DAYS} days are kept`)
  const floor = await readFloor(pool)
  if (!(await isBegun(pool, floor, days))) return { removed: 0, more: false }
  return inTransaction(pool, async (client) => {
    const { rows: locks } = await client.query<{ mine: boolean }>(
      `SELECT pg_try_advisory_xact_lock(${REMOVAL_LOCK}) AS mine`,
    )
    if (locks[0]?.mine !== true) return { removed: 0, more: false }
    const { rows } = await client.query<{ before: Date }>(
      `SELECT date_trunc('milliseconds', now() - make_interval(days => $1::int)) AS before`,
      [days],
    )
    const before = rows[0]?.before ?? new Date(0)
    const begin = await readFloor(client)
    const doubt = doubtOf(begin, sealer)
    if (doubt) throw new Error(`${REFUSED} (${doubt}, event ${begin.marker?.eventId ?? '?'})`)
    const old = await oldestLinks(client, { after: begin.position, before, batch })
    const last = old.at(-1)
    if (!last) return { removed: 0, more: false }
    await checkRemoved(client, begin, old)
    await remove(client, begin, old, last)
    const removed = {
      ...{ up_to: last.position, hash: last.hash.toString('hex') },
      ...{ count: old.length, before: before.toISOString() },
    }
    await recordRemoval(client, sealer, removed, { actor: { via: 'system' } })
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

/** Throws unless what is to go is what was put into the chain: an event made to look old is not young by its `at`. */
async function checkRemoved(client: PoolClient, begin: Floor, old: readonly Due[]): Promise<void> {
  let place: Place = begin
  for (let from = 0; from < old.length; from += CHECKED) {
    const upTo = BigInt(old.slice(from, from + CHECKED).at(-1)?.position ?? 0)
    const links = await readLinks(client, { after: place.position, upTo, limit: CHECKED })
    const broken = diagnose(place, links)
    if (broken) throw new Error(`${REFUSED} (${broken.problem}, position ${broken.position ?? '?'})`)
    const last = links.at(-1)
    if (last) place = { position: BigInt(last.position), hash: last.hash }
  }
}

async function remove(
  client: PoolClient,
  { position }: Floor,
  old: readonly Due[],
  last: Due,
): Promise<void> {
  await client.query(`SET LOCAL cardea.audit_retention = 'on'`)
  const ids = old.map(({ event_id: id }) => id)
  await client.query('DELETE FROM audit_events WHERE id = ANY($1::bigint[])', [ids])
  await client.query('DELETE FROM audit_links WHERE position > $1 AND position <= $2', [
    position,
    last.position,
  ])
  await client.query('DELETE FROM audit_checkpoints WHERE position <= $1', [last.position])
}
