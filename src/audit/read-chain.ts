import type { Database, Pool } from '../db/index.ts'
import { GENESIS } from './chain.ts'
import type { WalkedLink } from './diagnose.ts'
import { EVENT_COLUMNS } from './event.ts'
import type { EventRow } from './event.ts'

/** The end of the chain: how many links it has, the last one's hash, and the event id up to which all events are in it. */
export type Head = { position: bigint; hash: Buffer; settled: bigint }

/** What an operator notes elsewhere: the head, and what of it is signed. Hashes in hexadecimal. */
export type ChainHead = {
  position: string
  hash: string
  checkpoint: { position: string; hash: string; at: string } | null
}

const IDS_AT_ONCE = 20_000

export async function readHead(pool: Pool): Promise<Head> {
  const { rows } = await pool.query<{ position: string; hash: Buffer; settled: string }>(
    'SELECT position::text, hash, settled::text FROM audit_chain WHERE id = 1',
  )
  const { position, hash, settled } = rows[0] ?? { position: '0', hash: GENESIS, settled: '0' }
  return { position: BigInt(position), hash, settled: BigInt(settled) }
}

/** Whether no link stands behind the head, asked at one instant: the chain grows meanwhile. */
export async function headIsLast(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ last: boolean }>(
    `SELECT c.position = coalesce((SELECT max(l.position) FROM audit_links l), 0) AS last
     FROM audit_chain c WHERE c.id = 1`,
  )
  return rows[0]?.last ?? false
}

/** The head of the chain with its newest checkpoint. */
export async function chainHead({ pool }: Pick<Database, 'pool'>): Promise<ChainHead> {
  const { position, hash } = await readHead(pool)
  const { rows } = await pool.query<{ position: string; hash: Buffer; at: Date }>(
    'SELECT position::text, hash, at FROM audit_checkpoints ORDER BY audit_checkpoints.position DESC LIMIT 1',
  )
  const [newest] = rows
  return {
    position: String(position),
    hash: hash.toString('hex'),
    checkpoint: newest ? { ...newest, hash: newest.hash.toString('hex'), at: newest.at.toISOString() } : null,
  }
}

/** The links behind a position, each with the event it names. */
export async function readLinks(
  pool: Pool,
  { after, upTo, limit }: { after: bigint; upTo: bigint; limit: number },
): Promise<WalkedLink[]> {
  type Row = { position: string; event_id: string; digest: Buffer; hash: Buffer } & (EventRow | { id: null })
  const { rows } = await pool.query<Row>(
    `SELECT l.position::text, l.event_id::text, l.digest, l.hash, ${EVENT_COLUMNS}
     FROM (SELECT * FROM audit_links l WHERE l.position > $1 AND l.position <= $2 ORDER BY l.position LIMIT $3) l
     LEFT JOIN audit_events e ON e.id = l.event_id ORDER BY l.position`,
    [after, upTo, limit],
  )
  return rows.map(({ position, event_id: eventId, digest, hash, ...event }) => ({
    ...{ position, eventId, digest, hash },
    event: event.id === null ? null : event,
  }))
}

/** The first event that is in no link although its id is settled: it came by another way than all others. */
export async function unlinkedEvent(pool: Pool, settled: bigint): Promise<string | null> {
  // A span of ids at a time, so that no statement takes long.
  for (let after = 0n; after < settled; after += BigInt(IDS_AT_ONCE)) {
    const { rows } = await pool.query<{ id: string }>(
      `SELECT e.id::text FROM audit_events e WHERE e.id > $1 AND e.id <= least($1 + $3, $2)
         AND (SELECT l.position FROM audit_links l WHERE l.event_id = e.id) IS NULL ORDER BY e.id LIMIT 1`,
      [after, settled, IDS_AT_ONCE],
    )
    if (rows[0]) return rows[0].id
  }
  return null
}
