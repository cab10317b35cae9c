import type { Middleware } from 'koa'
import type { Logger } from 'pino'
import type { Config } from './config/index.ts'
import type { Sealer } from './crypto/index.ts'
import type { Database } from './db/index.ts'
import {
  createMailboxPages,
  createMailboxTransport,
  createMailRenderer,
  createSmtpTransport,
  startMailDelivery,
} from './events/index.ts'
import type { createMetrics, Override, Render } from './http/index.ts'

type Deps = {
  config: Pick<Config, 'mail' | 'issuer' | 'looks'>
  database: Database
  sealer: Sealer
  render: Render
  metrics: Pick<ReturnType<typeof createMetrics>, 'mails' | 'observeMailQueue'>
  logger: Logger
  viewsDir: string
  /** Templates of an operator's, in place of ours. */
  overrides: readonly Override[]
  onOverrideFailure: (view: string, error: unknown) => void
  issuerName: string
}

/**
 * Where mails go: to the SMTP server, to a mailbox that a developer reads on the operations listener, or nowhere. Templates are read
 * here, so a broken one stops the start.
 */
export function createMailing(deps: Deps): {
  /** Starts sending; returns how to stop. */
  startMailDelivery: (options?: { everyMs?: number }) => () => Promise<void>
  /** For the operations listener: the mailbox, where there is one. */
  mailboxPages: Middleware[]
} {
  const { config, database, sealer, metrics, logger, issuerName } = deps
  const { issuer } = config
  const { transport, smtpUrl, from } = config.mail
  const renderMail = createMailRenderer({
    ...{ viewsDir: `${deps.viewsDir}/mail`, overrides: deps.overrides, issuer, name: issuerName },
    fallback: config.looks.language,
    onOverrideFailure: deps.onOverrideFailure,
  })
  const sender = { name: from.name || issuerName, address: from.address }
  return {
    startMailDelivery: (options) =>
      startMailDelivery({
        ...{ database, sealer, renderMail, ...options },
        transport:
          smtpUrl !== undefined
            ? createSmtpTransport({ url: smtpUrl, from: sender })
            : transport === 'mailbox'
              ? createMailboxTransport(database)
              : undefined,
        onOutcome: (outcome) => metrics.mails.inc({ outcome }),
        onQueue: (queue) => metrics.observeMailQueue(queue),
        onError: (error) => logger.error({ error: String(error) }, 'sending mails failed'),
      }),
    mailboxPages:
      transport === 'mailbox' ? [createMailboxPages({ database, render: deps.render, issuer })] : [],
  }
}
