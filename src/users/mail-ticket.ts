import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { digest, mac, randomSecret } from '../crypto/index.ts'
import type { Sealer } from '../crypto/index.ts'
import { Prisma } from '../db/index.ts'
import type { Db, Tx } from '../db/index.ts'
import { discardMails, enqueueMail } from '../mail/index.ts'
import type { MailTemplate, NewMail, TemplateName, TicketData } from '../mail/index.ts'

/** What a mail asks somebody to confirm. */
export type MailTicketPurpose = 'register' | 'reset' | 'change_email' | 'invite' | 'unlock'

/** For how long each is good, in minutes. */
export const TICKET_MINUTES: Record<MailTicketPurpose, number> = {
  register: 60,
  reset: 60,
  change_email: 60,
  invite: 3 * 24 * 60,
  unlock: 15,
}

/** The mails that carry a ticket of each. */
const templatesOf: Record<MailTicketPurpose, readonly TemplateName[]> = {
  register: ['register'],
  reset: ['reset', 'reset-by-operator'],
  change_email: ['change-email'],
  invite: ['invite'],
  unlock: ['unlock'],
}

export type MailTicketDeps = {
  tx: Tx
  sealer: Sealer
  /** MAC keys of codes, newest first: six digits could be found by trying, were they only hashed. */
  keys: readonly Buffer[]
}

export type NewMailTicket = {
  purpose: MailTicketPurpose
  /** Where the mail goes, as `normaliseEmail` writes it. */
  email: string
  /** Whose ticket it is; left out for somebody without an account. */
  userId?: string | undefined
  /** What will be done once it is spent. Sealed. */
  detail?: unknown
  /** Nothing can be spent: only the same is done as for somebody else. */
  dead?: boolean | undefined
  /** The mail that carries the secrets, or one that does not, for a dead ticket. */
  mail: (secrets: TicketData) => NewMail
}

/**
 * Makes a ticket and queues its mail, in the caller's transaction. The mail holds 256 random bits for a link and a code of six digits, good
 * for one use together; a digest of the first and a keyed one of the second stay. The newest ends the older ones of the same purpose
 * (save codes that unlock), except when the address got too many mails: then nothing goes out, and what went out before stays good.
 * Returns the id that binds the code to the browser that asked; `mailed` is for operators alone: whoever is not known must not learn it.
 */
export async function issueMailTicket(
  { tx, sealer, keys }: MailTicketDeps,
  { purpose, email, userId, detail, dead = false, mail }: NewMailTicket,
): Promise<{ id: string; mailed: boolean }> {
  const id = randomUUID()
  const ticket = randomSecret()
  const code = String(randomInt(1_000_000)).padStart(6, '0')
  const minutes = TICKET_MINUTES[purpose]
  // Holds back whoever asks for the same address meanwhile, so that the newest is one.
  const isQueued = await enqueueMail({ tx, sealer }, mail({ ticket, code, minutes }))
  const sealed = sealer.seal(JSON.stringify(detail ?? null), contextOf(id))
  const codeDigest = dead ? randomBytes(32) : codeDigestOf(keys, id, code)
  if (!isQueued) return { id, mailed: false }
  // A code that unlocks counts in one browser alone: that of a stranger must not end the owner's (TH-03).
  if (purpose !== 'unlock') await endOlder(tx, { purpose, email, userId })
  await tx.$executeRaw`
    INSERT INTO mail_tickets (id, purpose, email, user_id, link_digest, code_digest, sealed_detail, created_at, expires_at)
    VALUES (${id}::uuid, ${purpose}, ${email}, ${userId ?? null}::uuid, ${dead ? randomBytes(32) : digest(ticket)}, ${codeDigest},
      ${sealed}, now(), now() + ${minutes} * interval '1 minute')`
  return { id, mailed: true }
}

/** Ends the tickets that a newer one of their purpose replaces, and what is left of mails with them that could not be sent. */
async function endOlder(
  tx: Tx,
  { purpose, email, userId }: Pick<NewMailTicket, 'purpose' | 'email' | 'userId'>,
): Promise<void> {
  const ofUser = userId !== undefined && (purpose === 'change_email' || purpose === 'invite')
  const sameOwner = ofUser ? Prisma.sql`user_id = ${userId}::uuid` : Prisma.sql`email = ${email}`
  await tx.$executeRaw`DELETE FROM mail_tickets WHERE purpose = ${purpose} AND ${sameOwner}`
  await discardMails(tx, ofUser ? { userId } : { to: email }, templatesOf[purpose])
}

/** A ticket that is good, or was until just now. */
export type MailTicket = {
  id: string
  purpose: MailTicketPurpose
  email: string
  userId: string | null
}
export type SpentMailTicket = MailTicket & { detail: unknown }

const columns = Prisma.sql`id, purpose, email, user_id AS "userId"`

/** The ticket of a link, while it is good; does not use it up. */
export async function findMailTicket(
  db: Db,
  { ticket, purposes }: { ticket: string; purposes: readonly MailTicketPurpose[] },
): Promise<MailTicket | null> {
  const [row] = await db.$queryRaw<MailTicket[]>`
    SELECT ${columns} FROM mail_tickets
    WHERE link_digest = ${digest(ticket)} AND purpose = ANY(${[...purposes]}) AND expires_at > now()`
  return row ?? null
}

/**
 * Uses the ticket of a link up, in the caller's transaction: of all who bring it at the same moment one gets it (FT-14). Null when it is
 * not good any more.
 */
export async function spendMailTicketByLink(
  { tx, sealer }: Pick<MailTicketDeps, 'tx' | 'sealer'>,
  { ticket, purposes }: { ticket: string; purposes: readonly MailTicketPurpose[] },
): Promise<SpentMailTicket | null> {
  const [row] = await tx.$queryRaw<(MailTicket & { sealedDetail: string })[]>`
    DELETE FROM mail_tickets
    WHERE link_digest = ${digest(ticket)} AND purpose = ANY(${[...purposes]}) AND expires_at > now()
    RETURNING ${columns}, sealed_detail AS "sealedDetail"`
  return row ? opened(sealer, row) : null
}

/** Whether what a mail carries is good: its link, if it has one. Sent afterwards, it would lead nowhere. */
export async function isMailGood(db: Db, { data }: MailTemplate): Promise<boolean> {
  if (!('ticket' in data)) return true
  const found = await db.$queryRaw<unknown[]>`
    SELECT 1 AS found FROM mail_tickets WHERE link_digest = ${digest(data.ticket)} AND expires_at > now()`
  return found.length > 0
}

/** Uses a ticket up whose code was right (`checkMailCode`): of all who bring it at the same moment one gets it. */
export async function spendMailTicketByCode(
  { tx, sealer }: Pick<MailTicketDeps, 'tx' | 'sealer'>,
  { id, purpose }: Pick<MailTicket, 'id' | 'purpose'>,
): Promise<SpentMailTicket | null> {
  const [row] = await tx.$queryRaw<(MailTicket & { sealedDetail: string })[]>`
    DELETE FROM mail_tickets WHERE id = ${id}::uuid AND purpose = ${purpose} AND expires_at > now()
      AND length(code_digest) > 0
    RETURNING ${columns}, sealed_detail AS "sealedDetail"`
  return row ? opened(sealer, row) : null
}

/**
 * Trades a right code for the secret of a link to the same ticket, for what needs one page more. The code and the link that was
 * mailed are used up by it. Null when somebody was faster.
 */
export async function tradeCodeForLink(
  tx: Tx,
  { id, purpose }: Pick<MailTicket, 'id' | 'purpose'>,
): Promise<string | null> {
  const ticket = randomSecret()
  const traded = await tx.$executeRaw`
    UPDATE mail_tickets SET link_digest = ${digest(ticket)}, code_digest = ''
    WHERE id = ${id}::uuid AND purpose = ${purpose} AND expires_at > now() AND length(code_digest) > 0`
  return traded > 0 ? ticket : null
}

/** Ends every ticket of a user: whoever the mails went to, the account is not what it was. Of some purposes only, if told. */
export async function endMailTickets(
  db: Db,
  userId: string,
  purposes: readonly MailTicketPurpose[] = ['reset', 'change_email', 'invite', 'unlock'],
): Promise<void> {
  await db.$executeRaw`DELETE FROM mail_tickets WHERE user_id = ${userId}::uuid AND purpose = ANY(${[...purposes]})`
  const templates = purposes.flatMap((purpose) => templatesOf[purpose])
  await discardMails(db, { userId }, templates)
}

/** The keyed digest of a code, bound to its ticket. */
export function codeDigestOf(keys: readonly Buffer[], id: string, code: string): Buffer {
  const [newest] = keys
  if (!newest) throw new Error('a code needs a key')
  return Buffer.from(mac(newest, 'mail-code', id, code), 'base64url')
}

function opened(
  sealer: Sealer,
  { sealedDetail, ...ticket }: MailTicket & { sealedDetail: string },
): SpentMailTicket {
  return { ...ticket, detail: JSON.parse(sealer.open(sealedDetail, contextOf(ticket.id))) }
}

/** What the seal of a row is bound to. */
export function contextOf(id: string): string {
  return `mail_tickets:${id}`
}
