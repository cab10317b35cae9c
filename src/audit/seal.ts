import type { Database, PoolClient } from '../db/index.ts'
import { nextHash, settle } from './chain.ts'
import { digestOf, documentOf, EVENT_COLUMNS } from './event.ts'
import type { EventRow } from './event.ts'
import { readFloor } from './floor.ts'
import { inTransaction } from './transaction.ts'

/** `busy`: another instance is at it. `more`: there is more to do at once. */
export type Sealing = { sealed: number; more: boolean; busy: boolean }

type NewLink = { position: bigint; id: string; digest: Buffer; hash: Buffer }

const BATCH = 200

type ChainRow = {
  position: string
  hash: Buffer
  settled: string
  candidate: string | null
  holders: string[]
}

/**
 * Puts events that are committed and not yet in the hash chain into it, `batch` at most, in the order of their ids. Writers
 * never wait for it: it only reads their table. One instance at a time does it, the others are told `busy` unless they want to
 * `wait`. An event that commits late gets the next position, whatever its id. Throws when a link is in the way that no sealer has
 * made: going on would leave an event out of the chain.
 */
export async function sealEvents(
  { pool }: Pick<Database, 'pool'>,
  { batch = BATCH, wait = false }: { batch?: number; wait?: boolean } = {},
): Promise<Sealing> {
  if (!(await hasWork(pool))) return { sealed: 0, more: false, busy: false }
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<ChainRow>(
      `SELECT position::text, hash, settled::text, candidate::text, holders FROM audit_chain WHERE id = 1
       FOR UPDATE ${wait ? '' : 'SKIP LOCKED'}`,
    )
    const [chain] = rows
    if (!chain) return { sealed: 0, more: false, busy: true }
    // In this order, one statement each: see `settle`.
    const newest = await newestId(client)
    const holdersNow = await writersUnderWay(client)
    const events = await unsealed(client, chain, batch)
    const head = await link(client, chain, events)
    const full = events.length === batch
    const lastId = events.at(-1)?.id
    const { settled, candidate, holders } = settle(
      {
        settled: BigInt(chain.settled),
        candidate: chain.candidate === null ? null : BigInt(chain.candidate),
        holders: chain.holders,
      },
      { newest, holdersNow, linkedUpTo: full && lastId !== undefined ? BigInt(lastId) : null },
    )
    await client.query(
      'UPDATE audit_chain SET position = $1, hash = $2, settled = $3, candidate = $4, holders = $5 WHERE id = 1',
      [head.position, head.hash, settled, candidate, holders],
    )
    return { sealed: events.length, more: full, busy: false }
  })
}

/** Seals whatever is committed by now, behind whoever else is sealing. */
export async function sealAll(database: Pick<Database, 'pool'>): Promise<void> {
  // Once more after the last event, so that it is settled where no writer is under way.
  while ((await sealEvents(database, { wait: true })).more);
  await sealEvents(database, { wait: true })
}

/** The look that an idle server takes every second: two index probes and no lock. */
async function hasWork(pool: Database['pool']): Promise<boolean> {
  const { rows } = await pool.query<{ work: boolean | null }>(
    `SELECT (SELECT max(id) FROM audit_events) > settled OR candidate IS NOT NULL AS work FROM audit_chain`,
  )
  if (!rows[0]) throw new Error('the audit chain has lost its head')
  return rows[0].work ?? false
}

async function newestId(client: PoolClient): Promise<bigint | null> {
  const { rows } = await client.query<{ id: string | null }>('SELECT max(id)::text AS id FROM audit_events')
  const id = rows[0]?.id
  return id === undefined || id === null ? null : BigInt(id)
}

/** The transactions that may have been given an id and have not ended: an INSERT locks the table before anything else. */
async function writersUnderWay(client: PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ holder: string }>(
    `SELECT DISTINCT virtualtransaction AS holder FROM pg_locks
     WHERE locktype = 'relation' AND relation = 'audit_events'::regclass AND mode = 'RowExclusiveLock' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  )
  return rows.map(({ holder }) => holder)
}

/** The first events that no link of the chain names; what stands at its floor and below, or behind its head, is none of its links. */
async function unsealed(
  client: PoolClient,
  { settled, position }: Pick<ChainRow, 'settled' | 'position'>,
  limit: number,
): Promise<EventRow[]> {
  const floor = await readFloor(client)
  const { rows } = await client.query<EventRow>(
    // Not as a join, for which a planner without statistics reads all links there are.
    `SELECT ${EVENT_COLUMNS} FROM audit_events e
     WHERE e.id > $1 AND (SELECT l.position FROM audit_links l
       WHERE l.event_id = e.id AND l.position > $3 AND l.position <= $4) IS NULL ORDER BY e.id LIMIT $2`,
    [settled, limit, floor.position, position],
  )
  return rows
}

async function link(
  client: PoolClient,
  chain: Pick<ChainRow, 'position' | 'hash'>,
  events: readonly EventRow[],
): Promise<{ position: bigint; hash: Buffer }> {
  let { hash } = chain
  let position = BigInt(chain.position)
  const links = events.map((event) => {
    const digest = digestOf(documentOf(event))
    hash = nextHash(hash, digest)
    position += 1n
    return { position, id: event.id, digest, hash }
  })
  if (links.length > 0) await append(client, links)
  return { position, hash }
}

async function append(client: PoolClient, links: readonly NewLink[]): Promise<void> {
  const positions = links.map(({ position }) => position)
  const ids = links.map(({ id }) => id)
  const { rowCount } = await client.query(
    `INSERT INTO audit_links (position, event_id, digest, hash)
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) ON CONFLICT DO NOTHING`,
    [positions, ids, links.map(({ digest }) => digest), links.map(({ hash }) => hash)],
  )
  if (rowCount === links.length) return
  const { rows } = await client.query<{ position: string; event_id: string }>(
    `SELECT position::text, event_id::text FROM audit_links
     WHERE (audit_links.position = ANY($1::bigint[]) OR event_id = ANY($2::bigint[])) AND xmin <> pg_current_xact_id()::xid
     LIMIT 1`,
    [positions, ids],
  )
  const [other] = rows
  throw new Error(
    `the audit chain cannot grow: a link that no server made stands at position ${other?.position ?? '?'} for event ${other?.event_id ?? '?'}; see cardea audit verify`,
  )
}
