import { z } from 'zod'
import { SIGNALS_SCOPES } from '../clients/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import { createOutboundGuard, post } from '../http/index.ts'
import type { OutboundGuard } from '../http/index.ts'
import { defineTask, enqueue, performByHand } from '../queue/index.ts'
import type { Hands, Work } from '../queue/index.ts'
import {
  authorizationOf,
  liveStream,
  notePushFailure,
  refuseEvent,
  streamsWithNews,
  takeEvents,
} from '../receivers/index.ts'
import type { DueStream, WaitingEvent } from '../receivers/index.ts'
import { fillStream } from './fill.ts'
import type { FillDeps } from './fill.ts'
import { nextEvents } from './next-events.ts'
import type { NextEvents } from './next-events.ts'
import { verdictOn } from './push-verdict.ts'
import type { Verdict } from './push-verdict.ts'
import { tokenFor } from './token.ts'
import type { Sign } from './token.ts'

export type PushDeps = FillDeps & {
  sealer: Sealer
  sign: Sign
  /** Hosts and networks that may be reached although private. */
  outboundAllow: readonly string[]
  hands: Hands
  onOutcome(outcome: Verdict['kind']): void
}

const BATCH = 100
const TIMEOUT_MS = 10_000
/** After so long another stream gets its turn, and this one its next. */
const TURN_MS = 30_000
/** A receiver that finds fault with an event so often means it. */
const MOST_REFUSALS = 3
/** Of an answer: enough for an `err` and its description. */
const ANSWER_BYTES = 4096

/** One stream's turn. Never given up: what it fails with is kept with the stream, and a turn that could not even try comes again. */
const pushTask = defineTask('signals.push', z.strictObject({ streamId: z.uuid() }), {
  maxAttempts: 32_000,
  timeoutSeconds: 60,
})

/** Gives every stream for which something is to be done a turn, unless it has one already. Called again and again. */
export async function askForSignalPushes({ prisma }: Pick<Database, 'prisma'>): Promise<void> {
  for (const streamId of await streamsWithNews(prisma, SIGNALS_SCOPES))
    await enqueue(
      prisma,
      pushTask,
      { streamId },
      { onlyOne: `signals.push/${streamId}`, againWithinSeconds: 5 },
    )
}

/**
 * Sees to one stream. Of a polled one it writes down what happened. Of a pushed one it pushes the events (RFC 8935), one at a time in their
 * order: the next only when the one before was taken, or refused for good. So its receiver hears of everything at least once, and of a
 * subject never a later thing before an earlier one.
 */
export function pushSignals(deps: PushDeps): Work {
  const guard = createOutboundGuard(deps.outboundAllow)
  return {
    ...performByHand(
      { hands: deps.hands, db: deps.database.prisma },
      pushTask,
      ({ streamId }) => streamId,
      async ({ streamId }, { stopping, signal }) => {
        const startedAt = performance.now()
        const goesOn = () => !signal.aborted && !stopping.aborted && performance.now() - startedAt < TURN_MS
        await writeDown(deps, streamId, goesOn)
        while (goesOn()) {
          const found = await nextEvents(deps, streamId, { limit: BATCH, due: true, goesOn })
          if (!found || !(await pushBatch(deps, guard, found, goesOn))) return
        }
      },
    ),
    tend: () => askForSignalPushes(deps.database),
  }
}

/** What a polled stream's receiver will be given, before it comes: so it is seen that something waits, and for how long nobody came. */
async function writeDown(deps: PushDeps, streamId: string, goesOn: () => boolean): Promise<void> {
  for (let more = true; more && goesOn();) {
    const stream = await liveStream(deps.database.prisma, streamId, { scopes: SIGNALS_SCOPES, due: true })
    more = stream?.method === 'poll' && (await fillStream(deps, stream))
  }
}

/** True when there may be more to tell right away. */
async function pushBatch(
  deps: PushDeps,
  guard: OutboundGuard,
  { stream, events, unfinished }: NextEvents,
  goesOn: () => boolean,
): Promise<boolean> {
  if (stream.method !== 'push') return false
  for (const event of events) {
    if (!goesOn()) return false
    const now = await liveStream(deps.database.prisma, stream.id, { scopes: SIGNALS_SCOPES, due: true })
    // One that was paused, moved or deleted meanwhile is looked at anew; one whose client may hear of nothing any more is left.
    if (now?.updatedAt.getTime() !== stream.updatedAt.getTime()) return now !== null
    if (!(await push(deps, guard, now, event))) return false
  }
  return events.length > 0 || unfinished
}

/** One push, and what came of it; false when the receiver did not take it. */
async function push(
  deps: PushDeps,
  guard: OutboundGuard,
  stream: DueStream,
  event: WaitingEvent,
): Promise<boolean> {
  const { database, sealer } = deps
  const authorization = authorizationOf(sealer, stream)
  const headers = {
    ...{ 'content-type': 'application/secevent+jwt', accept: 'application/json' },
    'user-agent': 'Cardea-Signals/1',
    ...(authorization === null ? {} : { authorization }),
  }
  const body = await tokenFor(deps, stream, event)
  const limits = { timeoutMs: TIMEOUT_MS, readUpTo: ANSWER_BYTES }
  const answer = await post(guard, new URL(stream.endpointUrl ?? ''), { body, headers }, limits)
  const verdict = verdictOn(answer, stream)
  await database.transaction((tx) => note(tx, stream, event.jti, verdict))
  deps.onOutcome(verdict.kind)
  return verdict.kind === 'taken'
}

async function note(
  tx: Parameters<typeof takeEvents>[0],
  { id: streamId, endpointUrl }: DueStream,
  jti: string,
  verdict: Verdict,
): Promise<void> {
  if (verdict.kind === 'taken') return takeEvents(tx, streamId, [jti])
  const { error, retryInSeconds, kind } = verdict
  const givenUp =
    kind === 'refused' && (await refuseEvent(tx, { streamId, jti, error, giveUpAfter: MOST_REFUSALS }))
  if (!givenUp) await notePushFailure(tx, { streamId, endpointUrl }, { error, retryInSeconds })
}
