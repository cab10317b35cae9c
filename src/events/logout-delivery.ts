import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../db/index.ts'
import { createOutboundGuard, postForm } from '../http/index.ts'
import { claimNotices, settleNotice, waitingNotices } from '../oidc/index.ts'
import type { ClaimedNotice, NoticeOutcome, Oidc } from '../oidc/index.ts'
import { delayAfter, outcomeOf } from './retry.ts'

export type LogoutDelivery = {
  database: Database
  logoutRequest: Oidc['logoutRequest']
  /** Hosts and networks that may be reached although private. */
  outboundAllow: readonly string[]
  onOutcome(outcome: 'delivered' | 'retried' | 'failed'): void
  onQueue(queue: { waiting: number; oldestSeconds: number }): void
  onError(error: unknown): void
  /** How often to look for new notices, in milliseconds. */
  everyMs?: number
}

const MOST_AT_ONCE = 8
/** A slow relying party gets no more hands than this. */
const MOST_PER_CLIENT = 2
const TIMEOUT_MS = 2500
/** Longer than an attempt can take with everything around it. */
const LEASE_SECONDS = 30
const MEASURE_EVERY_MS = 15_000
/** How long a relying party's silence is remembered after its rest is over. */
const REMEMBERED_MS = 15 * 60_000
/** While the database is away there is less to look for. */
const AFTER_ERROR = 5

/**
 * Delivers logout notices until stopped: looks every second, and at once while there is more to do. A relying party that does not
 * answer is left in peace for a growing while, by this process; its notices keep their own times. Several instances may do this
 * at once. Returns a function that stops it and resolves when what was being sent is settled.
 */
export function startLogoutDelivery(deps: LogoutDelivery): () => Promise<void> {
  const { database, everyMs = 1000 } = deps
  const onError = (error: unknown) => {
    deps.onError(error)
  }
  const guard = createOutboundGuard(deps.outboundAllow)
  const stopping = new AbortController()
  const { signal } = stopping
  const sending = new Map<Promise<void>, string>()
  const resting = new Map<string, { failures: number; until: number }>()
  let measuredAt = -Infinity

  const running = (async () => {
    while (!signal.aborted) {
      const more = await look().catch((error: unknown) => {
        onError(error)
        return undefined
      })
      if (more !== true) await turn(more === undefined ? everyMs * AFTER_ERROR : everyMs)
    }
    await Promise.all(sending.keys())
  })()

  /** Resolves after so long, when an attempt is over, or when it is time to stop. */
  async function turn(ms: number): Promise<void> {
    const waiting = new AbortController()
    const pause = sleep(ms, undefined, { signal: AbortSignal.any([signal, waiting.signal]), ref: false })
    await Promise.race([pause.catch(() => undefined), ...sending.keys()])
    waiting.abort()
  }

  /** Starts what can be started. True when there may be more right away. */
  async function look(): Promise<boolean> {
    await measure()
    const limit = MOST_AT_ONCE - sending.size
    if (limit === 0) return false
    const claimed = await claimNotices(database.prisma, {
      ...{ limit, perClient: MOST_PER_CLIENT, except: busy(), leaseSeconds: LEASE_SECONDS },
    })
    for (const notice of claimed) {
      const attempt = deliver(notice).finally(() => sending.delete(attempt))
      sending.set(attempt, notice.clientId)
    }
    return claimed.length > 0
  }

  function busy(): string[] {
    const now = Date.now()
    for (const [clientId, { until }] of resting) if (until + REMEMBERED_MS <= now) resting.delete(clientId)
    const paused = [...resting].flatMap(([clientId, { until }]) => (until > now ? [clientId] : []))
    return [...new Set([...sending.values(), ...paused])]
  }

  async function deliver(notice: ClaimedNotice): Promise<void> {
    try {
      const outcome = outcomeOf(await attempt(notice), notice)
      rest(notice.clientId, outcome)
      deps.onOutcome(outcome.state === 'queued' ? 'retried' : outcome.state)
      await settleNotice(database.prisma, notice, outcome)
    } catch (error) {
      // Its lease runs out, and it is tried again.
      onError(error)
    }
  }

  async function attempt(notice: ClaimedNotice): Promise<{ status: number } | { failure: string }> {
    const request = await deps.logoutRequest(notice)
    if (!request) return { failure: 'no_address' }
    return postForm(guard, request.url, { logout_token: request.token }, { timeoutMs: TIMEOUT_MS })
  }

  /** A no is about this one notice; silence is about the relying party. */
  function rest(clientId: string, outcome: NoticeOutcome): void {
    const isSilent = outcome.state !== 'delivered' && !/^(http_400|no_address)$/.test(outcome.error)
    if (!isSilent) return void resting.delete(clientId)
    const failures = (resting.get(clientId)?.failures ?? 0) + 1
    resting.set(clientId, { failures, until: Date.now() + delayAfter(failures) * 1000 })
  }

  async function measure(): Promise<void> {
    if (performance.now() - measuredAt < MEASURE_EVERY_MS) return
    measuredAt = performance.now()
    deps.onQueue(await waitingNotices(database.prisma))
  }

  return async () => {
    stopping.abort()
    await running
  }
}
