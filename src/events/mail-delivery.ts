import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import {
  claimMails,
  leftToOthers,
  MAIL_LANE,
  mailRound,
  secondsToNextMail,
  settleMail,
} from '../mail/index.ts'
import type { ClaimedMail, MailOutcome } from '../mail/index.ts'
import { performRounds } from '../queue/index.ts'
import type { Work } from '../queue/index.ts'
import { failedMail } from './mail-outcome.ts'
import type { MailTransport } from './mail-transport.ts'
import type { RenderedMail } from './render-mail.ts'

export type MailDelivery = {
  database: Database
  sealer: Sealer
  renderMail: (mail: ClaimedMail) => Promise<RenderedMail> | RenderedMail
  /** Left out where no mail is configured: what is queued waits for a process that can send it, until it expires. */
  transport: MailTransport | undefined
  /** Whether what a mail carries can still be used. */
  isGood: (mail: ClaimedMail) => Promise<boolean>
  /** `ended`: not sent, because what it carried had come to its end. */
  onOutcome(outcome: 'sent' | 'retried' | 'failed' | 'ended'): void
}

const MOST_AT_ONCE = 4
const ATTEMPT_MS = 30_000
/** Longer than an attempt can take with everything around it. */
const LEASE_SECONDS = 60
/** What is being sent when the process stops gets so long; then it is hung up, and sent again by whoever comes next. */
const DRAIN_MS = 4000

/** A newer mail of its kind took its place while it waited, or the account has changed: its link leads nowhere. */
const ENDED: MailOutcome = { state: 'failed', error: 'ended', erase: true }

/**
 * Sends queued mails. Any number of processes may do this at once. A mail is sent at least once: a process that dies between sending and
 * writing that down leaves one that is sent again, under the same Message-ID.
 */
export function sendMails(deps: MailDelivery): Work {
  const { database, sealer } = deps
  const db = database.prisma
  return performRounds(db, {
    task: mailRound,
    perLane: MOST_AT_ONCE,
    lanes: 1,
    claim: (_lane, limit) => claimMails({ db, sealer }, { limit, leaseSeconds: LEASE_SECONDS }),
    async deliver(mail, { stopping, signal }) {
      const hangUp = new AbortController()
      const drain = () => setTimeout(() => hangUp.abort(), DRAIN_MS).unref()
      if (stopping.aborted) drain()
      stopping.addEventListener('abort', drain, { once: true })
      try {
        const until = AbortSignal.any([hangUp.signal, signal, AbortSignal.timeout(ATTEMPT_MS)])
        const outcome = await attempt(deps, mail, until)
        deps.onOutcome(wordFor(outcome))
        await settleMail(db, mail, outcome)
      } finally {
        stopping.removeEventListener('abort', drain)
      }
      return 0
    },
    nextDue: () => secondsToNextMail(db),
    dueLanes: async () => {
      const seconds = await secondsToNextMail(db)
      return seconds !== null && seconds <= 0 ? [MAIL_LANE] : []
    },
  })
}

async function attempt(
  { transport, renderMail, isGood }: MailDelivery,
  mail: ClaimedMail,
  until: AbortSignal,
): Promise<MailOutcome> {
  if (!transport) return leftToOthers('not_configured')
  if (!(await isGood(mail))) return ENDED
  const message = { id: mail.id, to: mail.to, ...(await renderMail(mail)) }
  try {
    await transport(message, until)
    return { state: 'sent' }
  } catch (error) {
    return failedMail(error, mail)
  }
}

function wordFor(outcome: MailOutcome): Parameters<MailDelivery['onOutcome']>[0] {
  if (outcome === ENDED) return 'ended'
  return outcome.state === 'queued' ? 'retried' : outcome.state
}
