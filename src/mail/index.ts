/**
 * The mail room: what is to be sent to people. Owns the tables mails (the queue) and mailbox (where mails land in development).
 * A mail is written in the transaction that causes it, its data sealed, and sent outside of any request by the events room.
 * How many mails one address gets is bounded here, over all instances: beyond it a mail is left out without a word, so that nobody
 * is flooded and nobody learns anything. What is given up keeps its content until that expires, so that an operator may have it sent.
 * It refuses to know words, templates and SMTP, and who may cause a mail.
 */
export { claimMails, leftToOthers, settleMail } from './claim.ts'
export type { ClaimedMail, MailOutcome } from './claim.ts'
export { enqueueMail } from './enqueue.ts'
export type { NewMail } from './enqueue.ts'
export { discardMail, discardMails, lockMail, retryMail } from './given-up.ts'
export type { LockedMail } from './given-up.ts'
export { listMails, positionOf } from './list.ts'
export type { ListedMail } from './list.ts'
export { keepInMailbox, listMailbox, readMailbox } from './mailbox.ts'
export type { MailboxEntry } from './mailbox.ts'
export type { MailTemplate, SecurityNotice, TemplateName, TicketData } from './template.ts'
export { mailsGivenUp, mailsWaiting, secondsToNextMail } from './statistics.ts'
export { mailSweeps } from './sweep.ts'
export { MAIL_LANE, mailRound } from './task.ts'
