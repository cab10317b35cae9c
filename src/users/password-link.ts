import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Db, Tx } from '../db/index.ts'
import { setPasswordHash } from './change-user.ts'
import {
  endMailTickets,
  findMailTicket,
  issueMailTicket,
  spendMailTicketByLink,
  TICKET_MINUTES,
} from './mail-ticket.ts'
import type { MailTicketDeps } from './mail-ticket.ts'
import { findPasswordTicket, spendPasswordTicket } from './password-ticket.ts'
import type { TicketPurpose } from './password-ticket.ts'
import { findUser } from './user.ts'
import type { User } from './user.ts'

const purposes = ['reset', 'invite'] as const

/** For how long the link of an invitation is good that was mailed. */
const HOURS = { invite: TICKET_MINUTES.invite / 60, reset: TICKET_MINUTES.reset / 60 }

/**
 * Mails a user the link to set a password, on an operator's behalf: good for three days (invite) or an hour (reset), and it ends
 * every older one. Records it. Null when the user is disabled, false when their mailbox got too many mails already.
 */
export async function mailPasswordLink(
  deps: MailTicketDeps,
  { user, purpose }: { user: User; purpose: TicketPurpose },
  by: By = {},
): Promise<{ expiresAt: Date } | false | null> {
  if (user.disabledAt !== null) return null
  const { id: userId, email } = user
  const hours = HOURS[purpose]
  const { mailed } = await issueMailTicket(deps, {
    ...{ purpose, email, userId },
    mail: ({ ticket, minutes }) => ({
      ...{ to: email, language: user.locale, userId, expiresInSeconds: 60 * minutes },
      template: purpose === 'invite' ? 'invite' : 'reset-by-operator',
      data: { ticket, hours },
    }),
  })
  if (!mailed) return false
  await deps.tx.passwordTicket.deleteMany({ where: { userId } })
  await endMailTickets(deps.tx, userId, [purpose === 'invite' ? 'reset' : 'invite'])
  const expiresAt = new Date(Date.now() + hours * 3_600_000)
  const type = purpose === 'invite' ? 'user.invited' : 'user.password_reset_started'
  await record(deps.tx, {
    type,
    userId,
    ...by,
    detail: { expires_at: expiresAt.toISOString(), by_mail: true },
  })
  return { expiresAt }
}

/**
 * Whose link to set a password it is, handed over by an operator or mailed, while it is good; does not use it up. `mailTicket`: the id of
 * the ticket that was mailed, which the browser that asked for it knows.
 */
export async function findPasswordLink(
  db: Db,
  ticket: string,
): Promise<{ user: User; purpose: TicketPurpose; mailTicket?: string } | null> {
  const handed = await findPasswordTicket(db, ticket)
  if (handed) return handed
  const mailed = await findMailTicket(db, { ticket, purposes })
  const user = mailed?.userId ? await findUser(db, mailed.userId) : null
  if (!mailed || !user || user.disabledAt !== null) return null
  return { user, purpose: mailed.purpose === 'invite' ? 'invite' : 'reset', mailTicket: mailed.id }
}

/**
 * Uses such a link up and gives its user the new password hash, in the caller's transaction: of all who bring the same link at the same
 * moment one gets through (FT-14). A link that was mailed proves the address it went to. Never touches the second factor. Returns the
 * user, or null when the link is not good any more.
 */
export async function spendPasswordLink(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  { ticket, passwordHash }: { ticket: string; passwordHash: string },
  by: By = {},
): Promise<User | null> {
  const handed = await spendPasswordTicket(tx, { ticket, passwordHash }, by)
  if (handed !== null) return findUser(tx, handed)
  const mailed = await spendMailTicketByLink({ tx, sealer }, { ticket, purposes })
  if (!mailed?.userId) return null
  const { userId: id, email } = mailed
  const { count } = await tx.user.updateMany({
    where: { id, email, disabledAt: null },
    data: { emailVerified: true },
  })
  if (count === 0) return null
  return setPasswordHash(tx, id, passwordHash, { ...by, actor: by.actor ?? { via: 'user', userId: id } })
}
