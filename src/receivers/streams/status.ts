import type { Tx } from '../../db/index.ts'
import { addEvents, STREAM_UPDATED } from './waiting-events.ts'
import { findStream, isHeldBack, lockStream, settled } from './stream.ts'
import type { Stream, StreamStatus } from './stream.ts'

type Change = { status: StreamStatus; reason: string | null }

/**
 * Its receiver enables, pauses or disables a stream (SSF section 8.1.2.2). Refuses to touch one that an operator holds, and to enable another
 * one meanwhile. While it is paused events wait; those of the time in which it is disabled are not for it, but for those of its last second or
 * two, or since a transaction is open that writes events. Null when there is none.
 */
export async function setStatus(
  tx: Tx,
  id: string,
  change: Change,
): Promise<{ ok: true; stream: Stream } | { ok: false; reason: 'held_by_operator' } | null> {
  const before = await lockStream(tx, id)
  if (!before) return null
  const isHeld =
    before.heldByOperator || (change.status === 'enabled' && (await isHeldBack(tx, before.clientId)))
  if (isHeld) return { ok: false, reason: 'held_by_operator' }
  return { ok: true, stream: await write(tx, before, { ...change, held: false }) }
}

/**
 * An operator does. The receiver is told by a stream-updated event, before the stream stops or when it goes on (section 8.1.5), and cannot
 * undo it. Null when there is none.
 */
export async function setStatusByOperator(tx: Tx, id: string, change: Change): Promise<Stream | null> {
  const before = await lockStream(tx, id)
  if (!before) return null
  const stream = await write(tx, before, { ...change, held: change.status !== 'enabled' })
  if (before.status !== change.status)
    await addEvents(tx, id, [
      {
        ...{ type: STREAM_UPDATED, subject: { format: 'opaque', id }, control: true, toe: new Date() },
        event: { status: change.status, ...(change.reason === null ? {} : { reason: change.reason }) },
      },
    ])
  return stream
}

async function write(
  tx: Tx,
  { id, status: before }: Stream,
  { status, reason, held }: Change & { held: boolean },
): Promise<Stream> {
  const comesBack = before === 'disabled' && status !== 'disabled'
  await tx.ssfStream.update({
    where: { id },
    data: {
      ...{ status, statusReason: reason, heldByOperator: held },
      // Not the last event there is: below it may be one that commits only after this. What is not final yet is sent although it may have
      // happened a moment before.
      ...(comesBack ? { cursor: await settled(tx) } : {}),
      ...(status === 'enabled' ? { failures: 0, failingSince: null, nextAttemptAt: new Date(0) } : {}),
    },
  })
  if (status === 'disabled') await tx.ssfEvent.deleteMany({ where: { streamId: id, control: false } })
  const stream = await findStream(tx, id)
  if (!stream) throw new Error('a locked stream is gone')
  return stream
}
