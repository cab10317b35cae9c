import type { Db } from '../db/index.ts'

/** A mail of a development server, which sends none. */
export type MailboxEntry = {
  id: string
  recipient: string
  subject: string
  text: string
  html: string
  sentAt: Date
}

const SHOWN = 100
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Puts a mail where a developer finds it. Under the id of the mail: sent twice, it lies there once. */
export async function keepInMailbox(db: Db, mail: Omit<MailboxEntry, 'sentAt'>): Promise<void> {
  await db.mailboxEntry.createMany({ data: [mail], skipDuplicates: true })
}

/** The newest hundred mails, newest first. */
export async function listMailbox(db: Db): Promise<Omit<MailboxEntry, 'text' | 'html'>[]> {
  return db.mailboxEntry.findMany({
    orderBy: { sentAt: 'desc' },
    take: SHOWN,
    select: { id: true, recipient: true, subject: true, sentAt: true },
  })
}

/** One mail, or null. */
export async function readMailbox(db: Db, id: string): Promise<MailboxEntry | null> {
  return uuid.test(id) ? db.mailboxEntry.findUnique({ where: { id } }) : null
}
