import { z } from 'zod'
import { record } from '../../audit/index.ts'
import type { Tx } from '../../db/index.ts'
import {
  deleteStream,
  findStream,
  listStreams,
  setStatusByOperator,
  streamLags,
} from '../../receivers/index.ts'
import type { Stream } from '../../receivers/index.ts'
import { onePage } from '../frame/page.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { showStream, statuses, streamExample, streamSchema } from './representation.ts'

const list = route({
  method: 'GET',
  path: '/streams',
  operationId: 'listStreams',
  tag: 'Streams',
  summary: 'List streams of security events',
  description:
    'What clients hear of by shared signals, how far behind they are and what went wrong; in the order of their ids.',
  scope: 'clients:read',
  paged: true,
  success: {
    status: 200,
    description: 'One page of streams',
    schema: z.array(streamSchema),
    example: [streamExample],
  },
  async handler({ db, page: { after, limit } }) {
    const found = await listStreams(db, { after, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, ({ id }) => id)
    const lags = await streamLags(
      db,
      rows.map(({ id }) => id),
    )
    return {
      body: rows.map((stream) =>
        showStream(
          stream,
          lags.find(({ streamId }) => streamId === stream.id),
        ),
      ),
      next,
    }
  },
})

const read = route({
  method: 'GET',
  path: '/streams/:id',
  operationId: 'getStream',
  tag: 'Streams',
  summary: 'Get a stream of security events',
  scope: 'clients:read',
  params: idParams,
  success: { status: 200, description: 'The stream', schema: streamSchema, example: streamExample },
  problems: ['not_found'],
  async handler({ db, params }) {
    return { body: await shown(db, await findStream(db, params.id)) }
  },
})

const status = route({
  method: 'POST',
  path: '/streams/:id/status',
  operationId: 'setStreamStatus',
  tag: 'Streams',
  summary: 'Pause, disable or enable a stream',
  description:
    'Its receiver is told, and cannot undo it. While it is paused events wait for it; those that happen while it is disabled it never hears of.',
  scope: 'clients:write',
  params: idParams,
  body: z
    .strictObject({
      status: z.enum(statuses),
      reason: z.string().min(1).max(500).optional().meta({ description: 'Its receiver reads it.' }),
    })
    .meta({ id: 'StreamStatus' }),
  example: { status: 'paused', reason: 'Maintenance until noon' },
  success: {
    status: 200,
    description: 'The stream as it is now',
    schema: streamSchema,
    example: streamExample,
  },
  problems: ['not_found'],
  async handler({ db, params: { id }, body, actor, ip }) {
    const before = await findStream(db, id)
    const after =
      before && (await setStatusByOperator(db, id, { status: body.status, reason: body.reason ?? null }))
    if (!after) throw new AdminProblem('not_found')
    const detail = { stream: id, from: before.status, to: body.status }
    await record(db, { type: 'stream.status_changed', clientId: after.clientId, actor, ip, detail })
    return { body: await shown(db, after) }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/streams/:id',
  operationId: 'deleteStream',
  tag: 'Streams',
  summary: 'Delete a stream',
  description:
    'With what waits in it. Its receiver may make another as long as its client has the scope `ssf.manage`.',
  scope: 'clients:write',
  params: idParams,
  success: { status: 204, description: 'It is gone' },
  problems: ['not_found'],
  async handler({ db, params: { id }, actor, ip }) {
    const stream = await findStream(db, id)
    if (!stream || !(await deleteStream(db, id))) throw new AdminProblem('not_found')
    await record(db, { type: 'stream.deleted', clientId: stream.clientId, actor, ip, detail: { stream: id } })
    return {}
  },
})

async function shown(db: Tx, stream: Stream | null): Promise<z.output<typeof streamSchema>> {
  if (!stream) throw new AdminProblem('not_found')
  return showStream(stream, (await streamLags(db, [stream.id]))[0])
}

export const streamRoutes: readonly Route[] = [list, read, status, remove]
