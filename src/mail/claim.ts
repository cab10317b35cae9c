import type { Sealer } from '../crypto/index.ts'
import type { Db } from '../db/index.ts'
import { openContent } from './open-content.ts'
import type { MailTemplate } from './template.ts'

/** A mail that this process may send now. */
export type ClaimedMail = {
  id: string
  to: string
  /** As it was known when the mail was caused; empty when it was not. */
  language: string
  /** This one included. */
  attempts: number
  /** Until it is not worth sending any more. */
  secondsLeft: number
} & MailTemplate

/**
 * What came of an attempt. `error` is a code of ours, never what a mail server says: that may repeat the mail. `erase`: its content is of no
 * use to anybody any more.
 */
export type MailOutcome =
  | { state: 'sent' }
  | { state: 'queued'; error: string; retryInSeconds: number }
  | { state: 'failed'; error: string; erase?: true }

/** After so long what this process could not do is looked at again, by whichever comes first. */
const LEFT_TO_OTHERS_SECONDS = 60

/** For a mail that another process may be able to send: it stays queued until it expires. */
export function leftToOthers(error: string): MailOutcome {
  return { state: 'queued', error, retryInSeconds: LEFT_TO_OTHERS_SECONDS }
}

const UNKNOWN_KEY = leftToOthers('sealed_under_unknown_key')
const BROKEN: MailOutcome = { state: 'failed', error: 'seal_broken', erase: true }

type Row = Omit<ClaimedMail, 'template' | 'data'> & { template: string; sealedData: string }

/**
 * Takes up to `limit` due mails for `leaseSeconds`: until then no other process gets them, and afterwards, if the outcome was never
 * written, anyone. So a mail may be sent twice when a process dies in between, and is never forgotten. Mails that have expired are
 * given up. One whose key this process lacks is put back: during a change of keys another may have it. What is broken is given up.
 */
export async function claimMails(
  { db, sealer }: { db: Db; sealer: Sealer },
  { limit, leaseSeconds }: { limit: number; leaseSeconds: number },
): Promise<ClaimedMail[]> {
  const rows = await db.$queryRaw<Row[]>`
    WITH due AS (
      SELECT id FROM mails WHERE state = 'queued' AND next_attempt_at <= now() AND expires_at > now()
      ORDER BY next_attempt_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )
    UPDATE mails m SET attempts = m.attempts + 1, next_attempt_at = now() + ${leaseSeconds} * interval '1 second'
    FROM due WHERE m.id = due.id
    RETURNING m.id, m.recipient AS "to", m.language, m.attempts, m.template, m.sealed_data AS "sealedData",
      extract(epoch FROM m.expires_at - now())::float8 AS "secondsLeft"`
  const mails: ClaimedMail[] = []
  for (const { sealedData, template, ...row } of rows) {
    const opened = openContent(sealer, row.id, sealedData)
    if (opened.ok) mails.push({ ...row, template, data: opened.data } as ClaimedMail)
    else await settleMail(db, row, opened.reason === 'unknown_key' ? UNKNOWN_KEY : BROKEN)
  }
  return mails
}

/**
 * Writes down what came of an attempt; a no-op when the mail was settled meanwhile, or its lease ran out and another has it. What was sent
 * loses its content at once; what is given up keeps it, sealed, until it expires: an operator may have it tried again.
 */
export async function settleMail(
  db: Db,
  { id, attempts }: Pick<ClaimedMail, 'id' | 'attempts'>,
  outcome: MailOutcome,
): Promise<void> {
  if (outcome.state === 'sent')
    await db.$executeRaw`UPDATE mails SET state = 'sent', sent_at = now(), next_attempt_at = now(), sealed_data = '', last_error = NULL
      WHERE id = ${id}::uuid AND state = 'queued'`
  else if (outcome.state === 'failed')
    await db.$executeRaw`UPDATE mails SET state = 'failed', next_attempt_at = now(), last_error = ${outcome.error},
        sealed_data = CASE WHEN ${outcome.erase ?? false}::boolean THEN '' ELSE sealed_data END
      WHERE id = ${id}::uuid AND state = 'queued' AND attempts = ${attempts}`
  else
    await db.$executeRaw`UPDATE mails SET last_error = ${outcome.error},
        next_attempt_at = now() + ${outcome.retryInSeconds} * interval '1 second'
      WHERE id = ${id}::uuid AND state = 'queued' AND attempts = ${attempts}`
}
