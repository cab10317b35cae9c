import type { Db } from '../db/index.ts'

/** For so long it can be seen who was written to; the limits per address look back one day. */
const KEPT_DAYS = 7
const BATCH = 1000

/**
 * Gives up what has waited too long, with its data, and forgets mails a week after they were caused and left the queue, the mailbox
 * included. A bounded batch of each; returns how many.
 */
export async function sweepMailRoom(db: Db): Promise<number> {
  const expired = await db.$executeRaw`
    UPDATE mails SET state = 'failed', sealed_data = '', last_error = COALESCE(last_error, 'expired') WHERE id IN (
      SELECT id FROM mails WHERE state = 'queued' AND expires_at <= now() AND next_attempt_at <= now()
      LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`
  const forgotten = await db.$executeRaw`
    DELETE FROM mails WHERE id IN (
      SELECT id FROM mails WHERE state <> 'queued' AND created_at < now() - ${KEPT_DAYS} * interval '1 day'
      LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`
  const thrownAway = await db.$executeRaw`
    DELETE FROM mailbox WHERE id IN (
      SELECT id FROM mailbox WHERE sent_at < now() - ${KEPT_DAYS} * interval '1 day' LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`
  return expired + forgotten + thrownAway
}
