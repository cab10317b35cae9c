import { z } from 'zod'
import {
  addEvents,
  dropVerifications,
  lockStream,
  noteVerification,
  VERIFICATION,
} from '../../receivers/index.ts'
import type { Handler } from './deps.ts'
import { badRequest, noSuchStream } from './reply.ts'
import type { Reply } from './reply.ts'
import { MIN_VERIFICATION_INTERVAL } from './stream-document.ts'

const request = z.object({ stream_id: z.string(), state: z.string().max(2000).optional() })

/**
 * POST (SSF section 8.1.4.2): a verification event goes out behind what waits already, in place of one that still does. 429 for those who ask too often, 400 for a stream
 * that is disabled, which holds nothing.
 */
export const verify: Handler = async ({ database }, { receiver, body }) => {
  const read = request.safeParse(body)
  if (!read.success) return badRequest('it takes a stream_id, and a state of at most 2000 characters')
  const { stream_id: id, state } = read.data
  return database.transaction(async (tx): Promise<Reply> => {
    const stream = await lockStream(tx, id, receiver.clientId)
    if (!stream) return noSuchStream
    if (stream.status === 'disabled') return badRequest('the stream is disabled')
    if (!(await noteVerification(tx, id, MIN_VERIFICATION_INTERVAL)))
      return {
        status: 429,
        headers: { 'Retry-After': String(MIN_VERIFICATION_INTERVAL) },
        body: { error: 'too_many_requests', error_description: 'see min_verification_interval' },
      }
    await dropVerifications(tx, id)
    const event = state === undefined ? {} : { state }
    await addEvents(tx, id, [
      { type: VERIFICATION, subject: { format: 'opaque', id }, event, toe: new Date() },
    ])
    return { status: 204 }
  })
}
