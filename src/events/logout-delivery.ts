import type { Database } from '../db/index.ts'
import { createOutboundGuard, postForm } from '../http/index.ts'
import {
  claimNotices,
  clientsWithDueNotices,
  logoutRound,
  secondsToNextNotice,
  settleNotice,
} from '../oidc/index.ts'
import type { NoticeOutcome, Oidc } from '../oidc/index.ts'
import { performRounds } from '../queue/index.ts'
import type { Work } from '../queue/index.ts'
import { delayAfter, outcomeOf } from './retry.ts'

export type LogoutDelivery = {
  database: Database
  logoutRequest: Oidc['logoutRequest']
  /** Hosts and networks that may be reached although private. */
  outboundAllow: readonly string[]
  onOutcome(outcome: 'delivered' | 'retried' | 'failed'): void
}

/** A slow relying party gets no more hands than this, and slow ones together no more than those. */
const MOST_PER_CLIENT = 2
const MOST_CLIENTS = 4
const TIMEOUT_MS = 2500
/** Longer than an attempt can take with everything around it. */
const LEASE_SECONDS = 30
/** How long a relying party's silence is remembered after its rest is over. */
const REMEMBERED_MS = 15 * 60_000

/**
 * Delivers logout notices, each with a token made for the attempt. A relying party that does not answer is left in peace for a growing
 * while, by this process; its notices keep their own times. Any number of processes may do this at once.
 */
export function deliverLogouts(deps: LogoutDelivery): Work {
  const db = deps.database.prisma
  const guard = createOutboundGuard(deps.outboundAllow)
  const restOf = rememberSilence()
  return performRounds(db, {
    task: logoutRound,
    perLane: MOST_PER_CLIENT,
    lanes: MOST_CLIENTS,
    claim: (clientId, limit) => claimNotices(db, { clientId, limit, leaseSeconds: LEASE_SECONDS }),
    async deliver(notice) {
      const request = await deps.logoutRequest(notice)
      const answer = request
        ? await postForm(guard, request.url, { logout_token: request.token }, { timeoutMs: TIMEOUT_MS })
        : { failure: 'no_address' }
      const outcome = outcomeOf(answer, notice)
      deps.onOutcome(outcome.state === 'queued' ? 'retried' : outcome.state)
      await settleNotice(db, notice, outcome)
      return restOf(notice.clientId, outcome)
    },
    nextDue: (clientId) => secondsToNextNotice(db, clientId),
    dueLanes: () => clientsWithDueNotices(db),
  })
}

/** A no is about one notice; silence is about the relying party: how many seconds it is to be left in peace, longer each time. */
function rememberSilence(): (clientId: string, outcome: NoticeOutcome) => number {
  const silent = new Map<string, { failures: number; until: number }>()
  return (clientId, outcome) => {
    const now = Date.now()
    for (const [id, { until }] of silent) if (until + REMEMBERED_MS <= now) silent.delete(id)
    const isSilent = outcome.state !== 'delivered' && !/^(http_400|no_address)$/.test(outcome.error)
    if (!isSilent) {
      silent.delete(clientId)
      return 0
    }
    const failures = (silent.get(clientId)?.failures ?? 0) + 1
    const seconds = delayAfter(failures)
    silent.set(clientId, { failures, until: now + seconds * 1000 })
    return seconds
  }
}
