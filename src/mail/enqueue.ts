import { randomUUID } from 'node:crypto'
import type { Sealer } from '../crypto/index.ts'
import type { Tx } from '../db/index.ts'
import { enqueue } from '../queue/index.ts'
import { MAIL_LANE, mailRound } from './task.ts'
import { lifetimeOf, limitOf } from './template.ts'
import type { MailTemplate } from './template.ts'

export type NewMail = {
  /** The address, as the users room keeps addresses. */
  to: string
  /** BCP 47: the language of the person, if known. */
  language: string | null
  userId?: string | undefined
  /** When it is no longer worth sending; left out, three days, and a week for what was done to an account. */
  expiresInSeconds?: number | undefined
  /** Asked for in a browser that is known for the address: what strangers ask for leaves its share alone (TH-03). */
  fromKnownBrowser?: boolean | undefined
} & MailTemplate

/**
 * Queues a mail in the caller's transaction, its data sealed; it is sent after the commit, and never when that does not come. An address
 * that got too many of its kind (those asked for in a known browser apart) within the hour or the day gets none: the mail is left out, and the result is false. What the
 * person who caused it sees must not depend on that.
 */
export async function enqueueMail(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  mail: NewMail,
): Promise<boolean> {
  const { to, language, userId, template, data, expiresInSeconds = lifetimeOf(template) } = mail
  const isKnown = mail.fromKnownBrowser ?? false
  const { together, hour, day } = limitOf(template)
  // One mail to an address after the other, or many at once would all see room for themselves.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`mail to ${to}`}, 0))`
  const id = randomUUID()
  const sealed = sealer.seal(JSON.stringify(data), `mails:${id}`)
  const written = await tx.$executeRaw`
    INSERT INTO mails (id, template, language, recipient, user_id, sealed_data, created_at, next_attempt_at, expires_at,
      from_known_browser)
    SELECT ${id}::uuid, ${template}, ${language ?? ''}, ${to}, ${userId ?? null}::uuid, ${sealed}, now(), now(),
      now() + ${expiresInSeconds} * interval '1 second', ${isKnown}::boolean
    FROM (SELECT count(*) FILTER (WHERE created_at > now() - interval '1 hour') AS hour, count(*) AS day
          FROM mails WHERE recipient = ${to} AND template = ANY(${together}) AND from_known_browser = ${isKnown}::boolean
            AND created_at > now() - interval '1 day') AS lately
    WHERE lately.hour < ${hour}::int AND lately.day < ${day}::int`
  if (written === 0) return false
  await enqueue(tx, mailRound, { lane: MAIL_LANE })
  return true
}
