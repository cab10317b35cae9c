import { isDeepStrictEqual } from 'node:util'
import { record } from '../../audit/index.ts'
import {
  createStream,
  deleteStream,
  findStream,
  isHeldBack,
  listStreams,
  lockStream,
  MOST_STREAMS,
  updateStream,
} from '../../receivers/index.ts'
import type { Stream } from '../../receivers/index.ts'
import type { EndpointDeps, Call, Handler } from './deps.ts'
import { badRequest, heldByOperator, noSuchStream } from './reply.ts'
import type { Reply } from './reply.ts'
import { streamDocument } from './stream-document.ts'
import { changeRequest, readDelivery, shortened, streamRequest, wrongProperty } from './stream-request.ts'
import type { StreamRequest } from './stream-request.ts'

/** POST (SSF section 8.1.1.1). 409 for one more than a receiver may have, 403 while an operator holds one of its streams. */
export const create: Handler = async (deps, { receiver, body }) => {
  const read = streamRequest.safeParse(body)
  if (!read.success) return badRequest(problemIn(read.error))
  const { events_requested: eventsRequested = [], description } = read.data
  const delivery = readDelivery(deps, read.data.delivery)
  if (!delivery.ok) return badRequest(delivery.problem)
  const { clientId } = receiver
  return deps.database.transaction(async (tx): Promise<Reply> => {
    const made = await createStream(
      { tx, sealer: deps.sealer },
      {
        ...{ clientId, delivery: delivery.delivery, eventsRequested, description: shortened(description) },
        defaultSubjects: deps.defaultSubjects,
      },
    )
    if (!made.ok && made.reason === 'held_by_operator') return heldByOperator()
    if (!made.ok)
      return {
        status: 409,
        body: { error: 'conflict', error_description: `a receiver may have ${MOST_STREAMS} streams` },
      }
    const { stream } = made
    const detail = { stream: stream.id, method: stream.method }
    await record(tx, { type: 'stream.created', clientId, ...receiver.by, detail })
    return { status: 201, body: streamDocument(deps.issuer, stream) }
  })
}

/** GET (section 8.1.1.2): one, or without `stream_id` all of the receiver's. */
export const read: Handler = async ({ database, issuer }, { receiver: { clientId }, streamId }) => {
  const db = database.prisma
  if (streamId === undefined) {
    const streams = await listStreams(db, { clientId, limit: MOST_STREAMS })
    return { status: 200, body: streams.map((stream) => streamDocument(issuer, stream)) }
  }
  const stream = await findStream(db, streamId, clientId)
  return stream ? { status: 200, body: streamDocument(issuer, stream) } : noSuchStream
}

/** PATCH (section 8.1.1.3): what is left out stays. `delivery` is one property: without its authorization_header there is none. */
export const update: Handler = (deps, call) =>
  change(deps, call, ({ events_requested: eventsRequested, description }) => ({
    ...(eventsRequested === undefined ? {} : { eventsRequested }),
    ...(description === undefined ? {} : { description: shortened(description) }),
  }))

/** PUT (section 8.1.1.4): what is left out goes; a stream without `delivery` is polled. */
export const replace: Handler = (deps, call) =>
  change(deps, { ...call, body: { delivery: undefined, ...(call.body as object) } }, (asked) => ({
    eventsRequested: asked.events_requested ?? [],
    description: shortened(asked.description),
  }))

/** DELETE (section 8.1.1.5). 403 while an operator holds a stream of this receiver. */
export const remove: Handler = async ({ database }, { receiver, streamId }) => {
  if (streamId === undefined) return badRequest('stream_id is missing')
  const { clientId, by } = receiver
  return database.transaction(async (tx): Promise<Reply> => {
    if (!(await lockStream(tx, streamId, clientId))) return noSuchStream
    if (await isHeldBack(tx, clientId)) return heldByOperator(streamId)
    await deleteStream(tx, streamId)
    await record(tx, { type: 'stream.deleted', clientId, ...by, detail: { stream: streamId } })
    return { status: 204 }
  })
}

type Changed = { eventsRequested?: readonly string[]; description?: string | null }

async function change(
  deps: EndpointDeps,
  { receiver, body }: Call,
  changes: (asked: StreamRequest) => Changed,
): Promise<Reply> {
  const asked = changeRequest.safeParse(body)
  if (!asked.success) return badRequest(problemIn(asked.error))
  const { clientId, by } = receiver
  return deps.database.transaction(async (tx): Promise<Reply> => {
    const before = await lockStream(tx, asked.data.stream_id, clientId)
    if (!before) return noSuchStream
    if (await isHeldBack(tx, clientId)) return heldByOperator(before.id)
    const wrong = wrongProperty(deps.issuer, before, body)
    if (wrong !== null) return badRequest(`${wrong} is not as it was`)
    const says = Object.hasOwn(body as object, 'delivery')
    const delivery = says ? readDelivery(deps, asked.data.delivery, before.id) : undefined
    if (delivery?.ok === false) return badRequest(delivery.problem)
    const patch = {
      ...changes(asked.data),
      ...(delivery === undefined ? {} : { delivery: delivery.delivery }),
    }
    const after = (await updateStream({ tx, sealer: deps.sealer }, before.id, patch)) as Stream
    const detail = { stream: before.id, fields: Object.keys(patch) }
    if (delivery !== undefined || !isDeepStrictEqual(settingsOf(after), settingsOf(before)))
      await record(tx, { type: 'stream.updated', clientId, ...by, detail })
    return { status: 200, body: streamDocument(deps.issuer, after) }
  })
}

function settingsOf({ eventsRequested, description }: Stream) {
  return { eventsRequested, description }
}

function problemIn({ issues }: { issues: readonly { path: PropertyKey[]; message: string }[] }): string {
  const [first] = issues
  return `${first?.path.map(String).join('.') ?? ''}: ${first?.message ?? 'is not as it must be'}`
}
