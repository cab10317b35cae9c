import { z } from 'zod'
import { record } from '../../audit/index.ts'
import { findStream, lockStream, setStatus } from '../../receivers/index.ts'
import type { Stream } from '../../receivers/index.ts'
import type { Handler } from './deps.ts'
import { badRequest, heldByOperator, noSuchStream } from './reply.ts'
import type { Reply } from './reply.ts'

const request = z.object({
  stream_id: z.string(),
  status: z.enum(['enabled', 'paused', 'disabled']),
  reason: z.string().max(500).optional(),
})

/** GET (SSF section 8.1.2.1). */
export const readStatus: Handler = async ({ database }, { receiver, streamId }) => {
  if (streamId === undefined) return badRequest('stream_id is missing')
  const stream = await findStream(database.prisma, streamId, receiver.clientId)
  return stream ? { status: 200, body: statusDocument(stream) } : noSuchStream
}

/** POST (section 8.1.2.2). 403 while an operator holds the stream, and to enable another one meanwhile. */
export const updateStatus: Handler = async ({ database }, { receiver: { clientId, by }, body }) => {
  const read = request.safeParse(body)
  if (!read.success) return badRequest('it takes a stream_id and a status: enabled, paused or disabled')
  const { stream_id: id, status, reason = null } = read.data
  return database.transaction(async (tx): Promise<Reply> => {
    const before = await lockStream(tx, id, clientId)
    const changed = before && (await setStatus(tx, id, { status, reason }))
    if (!changed) return noSuchStream
    if (!changed.ok) return heldByOperator(id)
    const detail = { stream: id, from: before.status, to: status }
    if (before.status !== status) await record(tx, { type: 'stream.status_changed', clientId, ...by, detail })
    return { status: 200, body: statusDocument(changed.stream) }
  })
}

function statusDocument({ id, status, statusReason }: Stream) {
  return { stream_id: id, status, ...(statusReason === null ? {} : { reason: statusReason }) }
}
