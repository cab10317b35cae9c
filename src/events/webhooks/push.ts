import { z } from 'zod'
import { listEvents, record } from '../../audit/index.ts'
import type { Database } from '../../db/index.ts'
import { createOutboundGuard } from '../../http/index.ts'
import type { OutboundGuard } from '../../http/index.ts'
import { defineTask, enqueue, performByHand } from '../../queue/index.ts'
import type { Hands, Work } from '../../queue/index.ts'
import {
  advance,
  dueEndpoint,
  endpointsWithNews,
  noteAttempt,
  noteFailure,
  noteSuccess,
  wants,
} from '../../receivers/index.ts'
import type { DueEndpoint } from '../../receivers/index.ts'
import { messageOf } from './message.ts'
import type { Message } from './message.ts'
import { attemptOf, sendMessage } from './send.ts'
import type { WebhookDeps } from './send.ts'
import { verdictOn } from './verdict.ts'
import type { Verdict } from './verdict.ts'

const BATCH = 100
/** After so long another endpoint gets its turn, and this one its next. */
const TURN_MS = 30_000

/** One endpoint's turn. Never given up: what it fails with is kept with the endpoint, and a turn that could not even try comes again. */
const pushTask = defineTask('webhooks.push', z.strictObject({ endpointId: z.uuid() }), {
  maxAttempts: 32_000,
  timeoutSeconds: 60,
})

/** Gives every endpoint that has news a turn, unless it has one already. Called again and again. */
export async function askForPushes({ prisma }: Database): Promise<void> {
  for (const endpointId of await endpointsWithNews(prisma))
    await enqueue(
      prisma,
      pushTask,
      { endpointId },
      { onlyOne: `webhooks.push/${endpointId}`, againWithinSeconds: 5 },
    )
}

/**
 * Tells one endpoint what happened, event by event in the order in which it happened: the next one only when it took the one before. So
 * it hears of everything at least once, and of one thing about somebody never before an earlier one. Nothing grows while it is away: what
 * it has not heard is in the audit.
 */
export function pushToWebhooks(deps: WebhookDeps & { hands: Hands }): Work {
  const guard = createOutboundGuard(deps.outboundAllow)
  return {
    ...performByHand(
      { hands: deps.hands, db: deps.database.prisma },
      pushTask,
      ({ endpointId }) => endpointId,
      async ({ endpointId }, { stopping, signal }) => {
        const startedAt = performance.now()
        const goesOn = () => !signal.aborted && !stopping.aborted && performance.now() - startedAt < TURN_MS
        while (goesOn()) {
          const endpoint = await dueEndpoint(deps.database.prisma, endpointId)
          if (!endpoint || !(await pushBatch(deps, guard, endpoint, goesOn))) return
        }
      },
    ),
    tend: () => askForPushes(deps.database),
  }
}

/** True when there may be more to tell right away. */
async function pushBatch(
  deps: WebhookDeps,
  guard: OutboundGuard,
  endpoint: DueEndpoint,
  goesOn: () => boolean,
): Promise<boolean> {
  const { database } = deps
  const page = await listEvents(database, {
    order: 'oldest',
    after: endpoint.cursor.toString(),
    limit: BATCH,
  })
  for (const [at, event] of page.events.entries()) {
    if (!goesOn()) return false
    const next = page.events[at + 1]
    if (wants(endpoint.eventTypes, event.type)) {
      // One that was moved, disabled or deleted meanwhile, or has another secret, is looked at anew.
      const now = await dueEndpoint(database.prisma, endpoint.id)
      if (now?.updatedAt.getTime() !== endpoint.updatedAt.getTime()) return now !== null
      if (!(await tell(deps, guard, now, messageOf(event)))) return false
    } else if (next && !wants(endpoint.eventTypes, next.type)) {
      // All that it did not ask for is passed with one write: a commit for each would be slower than a busy server records them.
      continue
    }
    await advance(database.prisma, endpoint, event.id)
  }
  return page.next !== null
}

/** Sends one message; false when the endpoint did not take it. */
async function tell(
  deps: WebhookDeps,
  guard: OutboundGuard,
  endpoint: DueEndpoint,
  message: Message,
): Promise<boolean> {
  const verdict = await attempt(deps, guard, endpoint, message)
  deps.onOutcome(verdict.ok ? 'delivered' : 'failed')
  return verdict.ok
}

/** One attempt, kept in the endpoint's log. */
async function attempt(
  deps: WebhookDeps,
  guard: OutboundGuard,
  endpoint: DueEndpoint,
  message: Message,
): Promise<Verdict> {
  const { id, failures, failingSince } = endpoint
  const sent = await sendMessage(deps, guard, endpoint, message)
  const failingForSeconds = failingSince ? (Date.now() - failingSince.getTime()) / 1000 : 0
  const verdict = verdictOn(sent.answer, { failures, failingForSeconds })
  await deps.database.transaction(async (tx) => {
    await noteAttempt(tx, id, attemptOf(message, sent, verdict.ok ? null : verdict.error))
    if (verdict.ok) return noteSuccess(tx, endpoint)
    const { error, next } = verdict
    const isNoted = await noteFailure(tx, endpoint, next)
    if (isNoted && (next === 'pause' || next === 'disable'))
      await record(tx, {
        ...{ type: next === 'pause' ? 'webhook.paused' : 'webhook.disabled', actor: { via: 'system' } },
        detail: { webhook: id, host: new URL(endpoint.url).host, error },
      })
  })
  return verdict
}
