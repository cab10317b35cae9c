/**
 * The events room: what the outside hears. Delivers the logout notices that were queued with the end of a session, and the mails that
 * were queued with a change, at least once, outside of any request, to whoever is slow, down or hostile without harm to the others.
 * Sole importer of nodemailer; here mails get their words.
 * It owns no table and decides nothing: what is told to whom was written by the transaction that it tells of.
 * It refuses to connect where the operator did not allow it. Entered by app.ts, which starts it.
 */
export { startLogoutDelivery } from './logout-delivery.ts'
export type { LogoutDelivery } from './logout-delivery.ts'
export { startMailDelivery } from './mail-delivery.ts'
export { createMailboxTransport, createSmtpTransport } from './mail-transport.ts'
export type { MailTransport } from './mail-transport.ts'
export { createMailboxPages } from './mailbox-pages.ts'
export { createMailRenderer } from './render-mail.ts'
