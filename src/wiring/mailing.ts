import type { Middleware } from 'koa'
import {
  createMailboxPages,
  createMailboxTransport,
  createMailRenderer,
  createSmtpTransport,
} from '../events/index.ts'
import type { sendMails } from '../events/index.ts'
import { isMailGood } from '../users/index.ts'
import { viewsDir } from './own-templates.ts'
import type { Parts } from './parts.ts'

const LOOKS_PATIENCE_MS = 5000

/**
 * Where mails go: to the SMTP server, to a mailbox that a developer reads on the operations listener, or nowhere. Templates are read
 * here, so a broken one stops the start.
 */
export function createMailing(parts: Parts): {
  /** How mails are sent. */
  mailDelivery: Parameters<typeof sendMails>[0]
  /** For the operations listener: the mailbox, where there is one. */
  mailboxPages: Middleware[]
} {
  const { config, database, sealer, metrics, pages } = parts
  const { issuer } = config
  const { transport, smtpUrl, from } = config.mail
  const renderMail = createMailRenderer({
    ...{ viewsDir: `${viewsDir}/mail`, issuer, name: config.looks.name, ...pages.own },
    looks: () => pages.wardrobe.mailLooks(),
    fallback: config.looks.language,
  })
  return {
    mailDelivery: {
      ...{ database, sealer },
      // Nobody waits for a mail, so it may wait for its looks: those of a process that has just started are not known yet.
      async renderMail(mail) {
        await pages.wardrobe.refresh(LOOKS_PATIENCE_MS)
        return renderMail(mail)
      },
      transport:
        smtpUrl !== undefined
          ? createSmtpTransport({ url: smtpUrl, from })
          : transport === 'mailbox'
            ? createMailboxTransport(database)
            : undefined,
      isGood: (mail) => isMailGood(database.prisma, mail),
      onOutcome: (outcome) => metrics.mails.inc({ outcome }),
    },
    mailboxPages:
      transport === 'mailbox' ? [createMailboxPages({ database, render: pages.render, issuer })] : [],
  }
}
