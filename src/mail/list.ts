import { Prisma } from '../db/index.ts'
import type { Db } from '../db/index.ts'
import type { TemplateName } from './template.ts'

export type MailState = 'queued' | 'sent' | 'failed'

/** A mail as an operator sees it: to whom and what kind, never what it says. */
export type ListedMail = {
  id: string
  template: TemplateName
  /** Null for somebody who has no account. */
  userId: string | null
  recipient: string
  state: MailState
  attempts: number
  createdAt: Date
  nextAttemptAt: Date
  sentAt: Date | null
  /** What it carries is of no use afterwards. */
  expiresAt: Date
  /** A code of ours. */
  lastError: string | null
  /** Whether it was given up, and its content is still there and has not expired. */
  isRetryable: boolean
}

const { sql } = Prisma

/** Given up, and an operator may still have it sent: an index has these alone. */
export const retryable = sql`m.state = 'failed' AND m.sealed_data <> '' AND m.expires_at > now()`

export const listedColumns = sql`m.id, m.template, m.user_id AS "userId", m.recipient, m.state::text AS state, m.attempts,
  m.created_at AS "createdAt", m.next_attempt_at AS "nextAttemptAt", m.sent_at AS "sentAt", m.expires_at AS "expiresAt",
  m.last_error AS "lastError", (${retryable}) AS "isRetryable"`

// As they are, and no parameters: each has its own index.
const states = {
  queued: sql`m.state = 'queued'`,
  sent: sql`m.state = 'sent'`,
  failed: sql`m.state = 'failed'`,
}

const newestFirst = sql`"createdAt" DESC, id DESC`

/** Where in the list a mail stands, for `before`. */
export function positionOf({ createdAt, id }: Pick<ListedMail, 'createdAt' | 'id'>): string {
  return `${createdAt.toISOString()} ${id}`
}

/** Mails of the last week, the newest first: those behind the position `before`, at most `limit`; of one state, if told. */
export async function listMails(
  db: Db,
  query: { state?: MailState | undefined; before?: string | undefined; limit: number },
): Promise<ListedMail[]> {
  const { state, before, limit } = query
  const [at = '', id = ''] = before?.split(' ') ?? []
  const behind =
    before === undefined ? sql`true` : sql`(m.created_at, m.id) < (${new Date(at)}::timestamptz, ${id}::uuid)`
  const asked = state ? [state] : (Object.keys(states) as MailState[])
  const parts = asked.map(
    (one) => sql`(SELECT ${listedColumns} FROM mails m WHERE ${states[one]} AND ${behind}
      ORDER BY ${newestFirst} LIMIT ${limit})`,
  )
  return db.$queryRaw<ListedMail[]>`
    SELECT * FROM (${Prisma.join(parts, ' UNION ALL ')}) AS listed ORDER BY ${newestFirst} LIMIT ${limit}`
}
