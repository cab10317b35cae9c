import { randomUUID } from 'node:crypto'
import type { Sealer } from '../../crypto/index.ts'
import type { Db, Prisma, Tx } from '../../db/index.ts'

export type StreamStatus = 'enabled' | 'paused' | 'disabled'

/** How a stream's events reach its receiver: pushed to its address (RFC 8935), or fetched by it (RFC 8936). */
export type StreamDelivery =
  { method: 'push'; endpointUrl: string; authorization?: string | undefined } | { method: 'poll' }

/** A stream of shared signals as its client and operators see it. The authorization of its pushes is told to nobody. */
export type Stream = Omit<
  Prisma.SsfStreamGetPayload<object>,
  'method' | 'status' | 'sealedAuthorization' | 'cursor' | 'defaultSubjects'
> & {
  method: 'push' | 'poll'
  status: StreamStatus
  defaultSubjects: 'ALL' | 'NONE'
}

type Row = Prisma.SsfStreamGetPayload<object>

/** Streams of one client; one more is refused. */
export const MOST_STREAMS = 10

export type StreamInput = {
  clientId: string
  delivery: StreamDelivery
  eventsRequested: readonly string[]
  description: string | null
  defaultSubjects: 'ALL' | 'NONE'
}

/** Makes a stream for a client, which hears of what happens from now on. Refuses a client that is gone or held back, and the eleventh stream of one. */
export async function createStream(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  { clientId, delivery, ...input }: StreamInput,
): Promise<
  { ok: true; stream: Stream } | { ok: false; reason: 'too_many' | 'client_gone' | 'held_by_operator' }
> {
  // Two at once would each see room for one more.
  const client = await tx.$queryRaw<unknown[]>`SELECT id FROM clients WHERE id = ${clientId} FOR UPDATE`
  if (client.length === 0) return { ok: false, reason: 'client_gone' }
  if (await isHeldBack(tx, clientId)) return { ok: false, reason: 'held_by_operator' }
  if ((await tx.ssfStream.count({ where: { clientId } })) >= MOST_STREAMS)
    return { ok: false, reason: 'too_many' }
  const id = randomUUID()
  const row = await tx.ssfStream.create({
    data: {
      ...{ id, clientId, ...deliveryColumns(sealer, id, delivery) },
      ...{ ...input, eventsRequested: [...input.eventsRequested] },
      ...{ cursor: await settled(tx), nextAttemptAt: new Date(0) },
    },
  })
  return { ok: true, stream: toStream(row) }
}

export async function findStream(db: Db, id: string, clientId?: string): Promise<Stream | null> {
  if (!isStreamId(id)) return null
  const row = await db.ssfStream.findFirst({ where: { id, ...(clientId === undefined ? {} : { clientId }) } })
  return row && toStream(row)
}

/** The same, kept from changing and from going until the transaction ends. */
export async function lockStream(tx: Tx, id: string, clientId?: string): Promise<Stream | null> {
  if (!isStreamId(id)) return null
  await tx.$executeRaw`SELECT id FROM ssf_streams WHERE id = ${id}::uuid FOR UPDATE`
  return findStream(tx, id, clientId)
}

/** Does an operator hold a stream of this client? Then the client changes none of its streams, and makes no other in its place. */
export async function isHeldBack(tx: Tx, clientId: string): Promise<boolean> {
  return (await tx.ssfStream.count({ where: { clientId, heldByOperator: true } })) > 0
}

/** Streams in the order of their ids: those after `after`, at most `limit`; of one client or of all. */
export async function listStreams(
  db: Db,
  { clientId, after, limit }: { clientId?: string | undefined; after?: string | undefined; limit: number },
): Promise<Stream[]> {
  const rows = await db.ssfStream.findMany({
    where: {
      ...(clientId === undefined ? {} : { clientId }),
      ...(after === undefined ? {} : { id: { gt: after } }),
    },
    ...{ orderBy: { id: 'asc' }, take: limit },
  })
  return rows.map(toStream)
}

/** Changes what its receiver may say about a stream; what is left out stays. Null when there is none. */
export async function updateStream(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  id: string,
  patch: {
    delivery?: StreamDelivery | undefined
    eventsRequested?: readonly string[] | undefined
    description?: string | null | undefined
  },
): Promise<Stream | null> {
  const { delivery, eventsRequested, description } = patch
  const count = await tx.ssfStream.updateMany({
    where: { id },
    data: {
      ...(delivery === undefined
        ? {}
        : { ...deliveryColumns(sealer, id, delivery), failures: 0, failingSince: null }),
      ...(delivery === undefined ? {} : { nextAttemptAt: new Date(0) }),
      ...(eventsRequested === undefined ? {} : { eventsRequested: [...eventsRequested] }),
      ...(description === undefined ? {} : { description }),
    },
  })
  return count.count === 0 ? null : findStream(tx, id)
}

/** Deletes a stream with its subjects and what still waited. False when there is none (of this client). */
export async function deleteStream(tx: Tx, id: string, clientId?: string): Promise<boolean> {
  if (!isStreamId(id)) return false
  const { count } = await tx.ssfStream.deleteMany({
    where: { id, ...(clientId === undefined ? {} : { clientId }) },
  })
  return count > 0
}

/** What its pushes say in their Authorization header; null for nothing. */
export function authorizationOf(
  sealer: Sealer,
  { id, sealedAuthorization }: Pick<Row, 'id' | 'sealedAuthorization'>,
): string | null {
  return sealedAuthorization === null ? null : sealer.open(sealedAuthorization, contextOf(id))
}

/** The id of the last audit event that is final. What happens at this very moment is behind it. */
export async function settled(tx: Tx): Promise<bigint> {
  const [row] = await tx.$queryRaw<{ settled: bigint }[]>`SELECT settled FROM audit_chain WHERE id = 1`
  return row?.settled ?? 0n
}

function toStream(row: Row): Stream {
  const { sealedAuthorization: _sealed, cursor: _cursor, ...rest } = row
  return rest as Stream
}

function deliveryColumns(sealer: Sealer, id: string, delivery: StreamDelivery) {
  if (delivery.method === 'poll')
    return { method: delivery.method, endpointUrl: null, sealedAuthorization: null }
  const { method, endpointUrl, authorization } = delivery
  const sealedAuthorization = authorization === undefined ? null : sealer.seal(authorization, contextOf(id))
  return { method, endpointUrl, sealedAuthorization }
}

function contextOf(id: string): string {
  return `ssf_streams:${id}`
}

function isStreamId(text: string): boolean {
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text)
}
