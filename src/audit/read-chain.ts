import { sameBytes } from '../crypto/index.ts'
import type { Database, Pool, PoolClient } from '../db/index.ts'
import { GENESIS, nextHash } from './chain.ts'
import type { Break, WalkedLink } from './diagnose.ts'
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

const EVENTS_AT_ONCE = 20_000
/** Before every id and position there can be. */
const LOWEST = -(2n ** 63n)

export async function readHead(pool: Pool): Promise<Head> {
  const { rows } = await pool.query<{ position: string; hash: Buffer; settled: string }>(
    'SELECT position::text, hash, settled::text FROM audit_chain WHERE id = 1',
  )
  const { position, hash, settled } = rows[0] ?? { position: '0', hash: GENESIS, settled: '0' }
  return { position: BigInt(position), hash, settled: BigInt(settled) }
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
  pool: Pool | PoolClient,
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

/** The first link that stands where the chain is not any more, or never was: at its floor or below. No sealer put it there. */
export async function linkBelow(pool: Pool, floor: bigint): Promise<Break | null> {
  const { rows } = await pool.query<{ position: string; eventId: string }>(
    `SELECT position::text, event_id::text AS "eventId" FROM audit_links WHERE audit_links.position <= $1
     ORDER BY audit_links.position LIMIT 1`,
    [floor],
  )
  return rows[0] ? { problem: 'link_outside', ...rows[0] } : null
}

/**
 * The first link behind the head, asked at one instant: the chain grows meanwhile, and a link that was appended came together with its
 * head. One that follows from the head says that the head was set back; any other, that somebody put it there.
 */
export async function linkBehind(pool: Pool): Promise<Break | null> {
  type Row = { head: string; headHash: Buffer } & Record<'position' | 'eventId', string> &
    Record<'digest' | 'hash', Buffer>
  const { rows } = await pool.query<Row | { head: string; position: null }>(
    `SELECT c.position::text AS head, c.hash AS "headHash", l.position::text, l.event_id::text AS "eventId", l.digest, l.hash
     FROM audit_chain c
     LEFT JOIN LATERAL (SELECT * FROM audit_links WHERE position > c.position ORDER BY position LIMIT 1) l ON true
     WHERE c.id = 1`,
  )
  const [link] = rows
  if (!link) return { problem: 'head_changed', position: '0', eventId: null }
  if (link.position === null) return null
  const { head, headHash, position, eventId, digest, hash } = link
  const follows = BigInt(position) === BigInt(head) + 1n && sameBytes(nextHash(headHash, digest), hash)
  return follows
    ? { problem: 'head_changed', position: head, eventId }
    : { problem: 'link_outside', position, eventId }
}

/**
 * The first event that is in no link of the chain although its id is settled: it came by another way than all others. Links that stand
 * outside the chain, at the floor and below or behind the head, put nothing into it.
 */
export async function unlinkedEvent(
  pool: Pool,
  { floor, head }: { floor: bigint; head: Head },
): Promise<string | null> {
  // So many events at a time, so that no statement takes long; and not so many ids, of which there may be wide gaps.
  for (let from = LOWEST; ;) {
    const { rows } = await pool.query<{ unlinked: string | null; last: string | null }>(
      `SELECT (min(e.id) FILTER (WHERE e.position IS NULL))::text AS unlinked, max(e.id)::text AS last
       FROM (SELECT e.id, (SELECT l.position FROM audit_links l
                           WHERE l.event_id = e.id AND l.position > $3 AND l.position <= $4) AS position
             FROM audit_events e WHERE e.id >= $1 AND e.id <= $2 ORDER BY e.id LIMIT $5) e`,
      [from, head.settled, floor, head.position, EVENTS_AT_ONCE],
    )
    const { unlinked = null, last = null } = rows[0] ?? {}
    if (unlinked !== null || last === null) return unlinked
    from = BigInt(last) + 1n
  }
}
