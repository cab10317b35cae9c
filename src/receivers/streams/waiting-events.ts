import { randomUUID } from 'node:crypto'
import type { Db, Prisma, Tx } from '../../db/index.ts'

const EVENT_TYPE = 'https://schemas.openid.net/secevent/ssf/event-type/'
export const VERIFICATION = `${EVENT_TYPE}verification`
export const STREAM_UPDATED = `${EVENT_TYPE}stream-updated`

/** An event that waits for its receiver. */
export type WaitingEvent = Omit<Prisma.SsfEventGetPayload<object>, 'subject' | 'event'> & {
  subject: Record<string, unknown>
  event: Record<string, unknown>
}

export type NewEvent = {
  /** The same whenever the same thing is written down for the same stream, so that it waits once; left out, a new one. */
  jti?: string
  txn?: string
  type: string
  subject: Record<string, unknown>
  event: Record<string, unknown>
  control?: boolean
  toe: Date
}

/** Enough for a receiver to catch up with; what comes after stays in the audit until these are taken. */
export const MOST_WAITING = 1000

/** Writes events down for a stream, behind those that wait already. */
export async function addEvents(tx: Tx, streamId: string, events: readonly NewEvent[]): Promise<void> {
  await tx.ssfEvent.createMany({
    data: events.map(({ jti = randomUUID(), txn = jti, subject, event, ...rest }) => ({
      ...{ streamId, jti, txn, ...rest },
      subject: subject as Prisma.InputJsonObject,
      event: event as Prisma.InputJsonObject,
    })),
    skipDuplicates: true,
  })
}

/**
 * What is to be sent now, the oldest first, at most `limit`: of a stream that is not enabled only what is about the stream itself. `more`
 * tells whether there is more than that.
 */
export async function waitingEvents(
  db: Db,
  { streamId, onlyControl, limit }: { streamId: string; onlyControl: boolean; limit: number },
): Promise<{ events: WaitingEvent[]; more: boolean }> {
  const rows = await db.ssfEvent.findMany({
    where: { streamId, ...(onlyControl ? { control: true } : {}) },
    // A stream that was just paused says so before what waits in it.
    ...{ orderBy: { id: 'asc' }, take: limit + 1 },
  })
  return { events: rows.slice(0, limit) as WaitingEvent[], more: rows.length > limit }
}

export async function countWaiting(db: Db, streamId: string): Promise<number> {
  return db.ssfEvent.count({ where: { streamId } })
}

/** Takes back verification events that nobody came for: one is enough to see whether anything comes through. */
export async function dropVerifications(tx: Tx, streamId: string): Promise<void> {
  await tx.ssfEvent.deleteMany({ where: { streamId, type: VERIFICATION } })
}

/** The receiver has these: they are not sent again, and the stream counts as healthy. Ids that do not wait are passed over. */
export async function takeEvents(tx: Tx, streamId: string, jtis: readonly string[]): Promise<void> {
  const { count } = await tx.ssfEvent.deleteMany({ where: { streamId, jti: { in: [...jtis] } } })
  if (count > 0)
    await tx.$executeRaw`
      UPDATE ssf_streams SET delivered = delivered + ${count}, last_delivered_at = now(), failures = 0, failing_since = NULL
      WHERE id = ${streamId}::uuid`
}

/**
 * The receiver says that there is something wrong with an event. At the time that `giveUpAfter` says it is given up, so that it does not keep
 * back those behind it; without, never. Returns whether it was.
 */
export async function refuseEvent(
  tx: Tx,
  {
    streamId,
    jti,
    error,
    giveUpAfter,
  }: { streamId: string; jti: string; error: string; giveUpAfter?: number },
): Promise<boolean> {
  const [row] = await tx.$queryRaw<{ refusals: number }[]>`
    UPDATE ssf_events SET refusals = refusals + 1 WHERE stream_id = ${streamId}::uuid AND jti = ${jti} RETURNING refusals`
  if (!row) return false
  const givenUp = giveUpAfter !== undefined && row.refusals >= giveUpAfter
  if (givenUp) await tx.ssfEvent.deleteMany({ where: { streamId, jti } })
  await tx.$executeRaw`
    UPDATE ssf_streams SET refused = refused + ${givenUp ? 1 : 0}, last_error = ${error}, last_error_at = now()
    WHERE id = ${streamId}::uuid`
  return givenUp
}
