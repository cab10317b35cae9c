import type { Sealer } from '../crypto/index.ts'
import { isUuid, Prisma } from '../db/index.ts'
import type { Db, Tx } from '../db/index.ts'
import { enqueue } from '../queue/index.ts'
import { listedColumns, retryable } from './list.ts'
import type { ListedMail } from './list.ts'
import { openContent } from './open-content.ts'
import { MAIL_LANE, mailRound } from './task.ts'
import type { MailTemplate, TemplateName } from './template.ts'

/** A mail, and what it says while that is there: `sealed` where this process lacks the key, `gone` where nobody can read it any more. */
export type LockedMail = ListedMail & { content: MailTemplate | 'sealed' | 'gone' }

/** The mail with this id, kept from changing until the transaction ends, or null. Whatever cannot be an id is nobody's. */
export async function lockMail(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  id: string,
): Promise<LockedMail | null> {
  if (!isUuid(id)) return null
  const [row] = await tx.$queryRaw<(ListedMail & { sealedData: string })[]>`
    SELECT ${listedColumns}, m.sealed_data AS "sealedData" FROM mails m WHERE m.id = ${id}::uuid FOR UPDATE`
  if (!row) return null
  const { sealedData, ...mail } = row
  return { ...mail, content: contentOf(sealer, mail, sealedData) }
}

function contentOf(sealer: Sealer, { id, template }: ListedMail, sealed: string): LockedMail['content'] {
  if (sealed === '') return 'gone'
  const opened = openContent(sealer, id, sealed)
  if (opened.ok) return { template, data: opened.data } as MailTemplate
  return opened.reason === 'unknown_key' ? 'sealed' : 'gone'
}

/**
 * Queues a mail anew that was given up and is retryable, with all its attempts before it, and asks for a round. It expires when it would
 * have, and counts once among what its address gets.
 */
export async function retryMail(tx: Tx, id: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE mails m SET state = 'queued', attempts = 0, next_attempt_at = now() WHERE m.id = ${id}::uuid AND ${retryable}`
  await enqueue(tx, mailRound, { lane: MAIL_LANE })
}

/** Takes the content from a mail that was given up: nobody can send it any more, and who it was to is seen for the rest of its week. */
export async function discardMail(tx: Tx, id: string): Promise<void> {
  await tx.$executeRaw`UPDATE mails SET sealed_data = '' WHERE id = ${id}::uuid AND state = 'failed'`
}

/**
 * Takes the content from all mails to somebody that were given up, or from those of some templates: what they carried has ended, or the
 * account has. What is still to be sent is left alone.
 */
export async function discardMails(
  db: Db,
  whose: { userId: string } | { to: string },
  templates?: readonly TemplateName[],
): Promise<void> {
  const theirs =
    'userId' in whose ? Prisma.sql`m.user_id = ${whose.userId}::uuid` : Prisma.sql`m.recipient = ${whose.to}`
  const ofKind = templates ? Prisma.sql`m.template = ANY(${[...templates]})` : Prisma.sql`true`
  await db.$executeRaw`UPDATE mails m SET sealed_data = '' WHERE ${retryable} AND ${theirs} AND ${ofKind}`
}
