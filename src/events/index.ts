/**
 * The events room: what the outside hears. Says how the queue's jobs are done that deliver logout notices, mails, webhooks and messages to
 * a broker: at least once, outside of any request, to whoever is slow, down or hostile without harm to the others.
 * Sole importer of nodemailer and amqplib; here mails get their words.
 * It owns no table and decides nothing: what is told to whom was written by the transaction that it tells of.
 * It refuses to connect where the operator did not allow it. Entered by the wiring.
 */
export { deliverLogouts } from './logout-delivery.ts'
export { sendMails } from './mail-delivery.ts'
export { createMailboxTransport, createSmtpTransport } from './mail-transport.ts'
export type { MailTransport } from './mail-transport.ts'
export { createMailboxPages } from './mailbox-pages.ts'
export { createMailRenderer } from './render-mail.ts'
export { askForRelay, relayToBroker } from './broker/relay.ts'
export { askForPushes, pushToWebhooks } from './webhooks/push.ts'
export { testWebhooks } from './webhooks/test-delivery.ts'
