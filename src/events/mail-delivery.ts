import { setTimeout as sleep } from 'node:timers/promises'
import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import { claimMails, mailsWaiting, settleMail } from '../mail/index.ts'
import type { ClaimedMail, MailOutcome } from '../mail/index.ts'
import { failedMail } from './mail-outcome.ts'
import type { MailTransport } from './mail-transport.ts'
import type { RenderMail } from './render-mail.ts'

export type MailDelivery = {
  database: Database
  sealer: Sealer
  renderMail: RenderMail
  /** Left out where no mail is configured: what was queued is then thrown away. */
  transport: MailTransport | undefined
  onOutcome(outcome: 'sent' | 'retried' | 'failed'): void
  onQueue(queue: { waiting: number; oldestSeconds: number }): void
  onError(error: unknown): void
  /** How often to look for new mails, in milliseconds. */
  everyMs?: number
}

const MOST_AT_ONCE = 4
const ATTEMPT_MS = 30_000
/** Longer than an attempt can take with everything around it. */
const LEASE_SECONDS = 60
const MEASURE_EVERY_MS = 15_000
/** What is being sent when the process stops gets so long; then it is hung up, and sent again by whoever comes next. */
const DRAIN_MS = 4000
/** While the database is away there is less to look for. */
const AFTER_ERROR = 5

/**
 * Sends queued mails until stopped: looks every second, and at once while there is more to do. Several instances may do this at once.
 * A mail is sent at least once: a process that dies between sending and writing that down leaves one that is sent again, under the
 * same Message-ID. Returns a function that stops it and resolves when what was being sent is settled.
 */
export function startMailDelivery(deps: MailDelivery): () => Promise<void> {
  const { database, sealer, transport, everyMs = 1000 } = deps
  const db = database.prisma
  const stopping = new AbortController()
  const hangUp = new AbortController()
  const { signal } = stopping
  const sending = new Set<Promise<void>>()
  let measuredAt = -Infinity

  const running = (async () => {
    while (!signal.aborted) {
      const more = await look().catch((error: unknown) => {
        deps.onError(error)
        return undefined
      })
      if (more !== true) await turn(more === undefined ? everyMs * AFTER_ERROR : everyMs)
    }
    await Promise.all(sending)
  })()

  /** Resolves after so long, when an attempt is over, or when it is time to stop. */
  async function turn(ms: number): Promise<void> {
    const waiting = new AbortController()
    const pause = sleep(ms, undefined, { signal: AbortSignal.any([signal, waiting.signal]), ref: false })
    await Promise.race([pause.catch(() => undefined), ...sending])
    waiting.abort()
  }

  /** Starts what can be started. True when there may be more right away. */
  async function look(): Promise<boolean> {
    await measure()
    const limit = MOST_AT_ONCE - sending.size
    if (limit === 0) return false
    const claimed = await claimMails({ db, sealer }, { limit, leaseSeconds: LEASE_SECONDS })
    for (const mail of claimed) {
      const attempt = deliver(mail).finally(() => sending.delete(attempt))
      sending.add(attempt)
    }
    return claimed.length > 0
  }

  async function deliver(mail: ClaimedMail): Promise<void> {
    try {
      const outcome = await attempt(mail)
      deps.onOutcome(outcome.state === 'queued' ? 'retried' : outcome.state)
      await settleMail(db, mail, outcome)
    } catch (error) {
      // Its lease runs out, and it is tried again.
      deps.onError(error)
    }
  }

  async function attempt(mail: ClaimedMail): Promise<MailOutcome> {
    if (!transport) return { state: 'failed', error: 'not_configured' }
    const message = { id: mail.id, to: mail.to, ...deps.renderMail(mail) }
    try {
      await transport(message, AbortSignal.any([hangUp.signal, AbortSignal.timeout(ATTEMPT_MS)]))
      return { state: 'sent' }
    } catch (error) {
      return failedMail(error, mail)
    }
  }

  async function measure(): Promise<void> {
    if (performance.now() - measuredAt < MEASURE_EVERY_MS) return
    measuredAt = performance.now()
    deps.onQueue(await mailsWaiting(db))
  }

  return async () => {
    stopping.abort()
    const patience = setTimeout(() => {
      hangUp.abort()
    }, DRAIN_MS)
    await running
    clearTimeout(patience)
  }
}
