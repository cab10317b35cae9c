import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { createTransport } from 'nodemailer'
import { isLoopback } from '../config/index.ts'
import type { Database } from '../db/index.ts'
import { keepInMailbox } from '../mail/index.ts'
import type { RenderedMail } from './render-mail.ts'

export type OutgoingMail = RenderedMail & {
  /** Stays the same in every attempt, so that a mail sent twice can be known as one. */
  id: string
  to: string
}

/** Sends one mail; rejects when it could not be handed over, or when the signal comes first. */
export type MailTransport = (mail: OutgoingMail, signal: AbortSignal) => Promise<void>

/** How long each step of the conversation may take; the attempt as a whole is bounded by its signal. */
const STEP_MS = 10_000

/**
 * Hands mails to an SMTP server. `smtps:` is TLS from the first byte; with `smtp:` STARTTLS is required, unless the server is on this
 * machine. One connection a mail, opened by us, so that a server that never comes to an end is hung up on.
 */
export function createSmtpTransport({
  url,
  from,
}: {
  url: string
  /** With no name of its own the sender is called what the mail calls the server. */
  from: { name: string; address: string }
}): MailTransport {
  const { protocol, hostname, port, username, password } = new URL(url)
  const secure = protocol === 'smtps:'
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const server = { host, port: port === '' ? (secure ? 465 : 587) : Number(port), secure }
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1)

  return async ({ id, to, name, subject, text, html }, signal) => {
    let socket: Socket | undefined
    const hangUp = () => socket?.destroy(new Error('timed out'))
    signal.addEventListener('abort', hangUp, { once: true })
    try {
      const transport = createTransport({
        ...server,
        requireTLS: !secure && !isLoopback(hostname),
        ...(username === ''
          ? {}
          : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
        tls: { minVersion: 'TLSv1.2', ...(isLoopback(hostname) ? { rejectUnauthorized: false } : {}) },
        greetingTimeout: STEP_MS,
        socketTimeout: STEP_MS,
        disableFileAccess: true,
        disableUrlAccess: true,
        getSocket(_options, callback) {
          const opened = connect({ host: server.host, port: server.port })
          socket = opened
          if (signal.aborted) hangUp()
          const failed = (error: Error) => {
            callback(error)
          }
          opened.once('error', failed)
          opened.once('connect', () => {
            opened.off('error', failed)
            callback(null, { connection: opened })
          })
        },
      })
      await transport.sendMail({
        ...{ subject, text, html },
        from: { name: from.name || name, address: from.address },
        to: { name: '', address: to },
        messageId: `<${id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      })
    } finally {
      signal.removeEventListener('abort', hangUp)
      socket?.destroy()
    }
  }
}

/** Keeps mails where a developer reads them, at /mailbox on the operations listener. */
export function createMailboxTransport({ prisma }: Database): MailTransport {
  return ({ id, to, subject, text, html }) =>
    keepInMailbox(prisma, { id, recipient: to, subject, text, html })
}
