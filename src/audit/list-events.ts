import type { Database, Pool } from '../db/index.ts'
import { documentOf } from './event.ts'
import type { AuditEventDocument, EventRow } from './event.ts'
import { eventStatement, knownTypes } from './event-statement.ts'
import { idRange } from './id-range.ts'
import type { IdRange } from './id-range.ts'

/** Which events: all that are given must hold. `from` is included, `to` is not. */
export type EventFilter = {
  userId?: string | undefined
  clientId?: string | undefined
  grantId?: string | undefined
  sessionUid?: string | undefined
  actorClientId?: string | undefined
  actorUserId?: string | undefined
  type?: string | undefined
  /** `sign_in.` for all that happens at a sign-in. */
  typePrefix?: string | undefined
  from?: Date | undefined
  to?: Date | undefined
  /** Only those with a greater id, in whatever order. */
  afterId?: string | undefined
}

export type EventQuery = EventFilter & {
  /** `newest`: the newest first. `oldest`: for followers, who miss nothing; see listEvents. */
  order?: 'newest' | 'oldest' | undefined
  /** The id of the last event that was seen. */
  after?: string | undefined
  limit: number
}

/** An event and, once it has one, its place in the hash chain. */
export type ListedEvent = AuditEventDocument & { chain?: { position: string; hash: string } }

/** `next`: what `after` gives the page behind this one, null when there is none yet. `last`: from where to follow on. */
export type EventPage = { events: ListedEvent[]; next: string | null; last: string | null }

type ListedRow = EventRow & { position: string | null; hash: Buffer | null }
type PageQuery = EventQuery & { range: IdRange }

/**
 * One page of events. Newest first shows every committed event. Oldest first shows events only up to the id below which no
 * transaction can add one any more (`settle`), so that whoever reads on from `last` sees each event once, also those whose
 * transactions commit late; they appear a second or two after they happened.
 */
export async function listEvents({ pool }: Pick<Database, 'pool'>, query: EventQuery): Promise<EventPage> {
  const settled = query.order === 'oldest' ? await settledId(pool) : null
  return page(pool, { ...query, range: within(await idRange(pool, query), settled) })
}

/**
 * All events of the filter that there are now, oldest first, a batch at a time; each is read when the one before it has been
 * dealt with, so that any number passes through a little memory and no transaction stays open.
 */
export async function* exportEvents(
  { pool }: Pick<Database, 'pool'>,
  { batch = 500, ...filter }: EventFilter & { batch?: number },
): AsyncGenerator<ListedEvent[], void> {
  // Not those that come while it runs: a busy server would be followed for ever.
  const settled = await settledId(pool)
  const range = within(await idRange(pool, filter), settled)
  let after: string | undefined
  for (;;) {
    const { events, next } = await page(pool, { ...filter, order: 'oldest', limit: batch, after, range })
    if (events.length > 0) yield events
    if (next === null) return
    after = next
  }
}

async function page(pool: Pool, query: PageQuery): Promise<EventPage> {
  const { after, limit, typePrefix } = query
  const types = typePrefix === undefined ? null : await knownTypes(pool, typePrefix)
  const { rows } = await pool.query<ListedRow>(eventStatement({ ...query, types, limit: limit + 1 }))
  const events = rows.slice(0, limit).map(listed)
  const last = events.at(-1)?.id ?? after ?? null
  return { events, next: rows.length > limit ? last : null, last }
}

function listed({ position, hash, ...row }: ListedRow): ListedEvent {
  const chain = position === null || hash === null ? {} : { chain: { position, hash: hash.toString('hex') } }
  return { ...documentOf(row), ...chain }
}

function within(range: IdRange, settled: bigint | null): IdRange {
  if (settled === null) return range
  return { ...range, upTo: range.upTo === undefined || range.upTo > settled ? settled : range.upTo }
}

/** The id up to which events are final. */
async function settledId(pool: Pool): Promise<bigint> {
  const { rows } = await pool.query<{ settled: string }>('SELECT settled::text FROM audit_chain WHERE id = 1')
  return BigInt(rows[0]?.settled ?? 0)
}
