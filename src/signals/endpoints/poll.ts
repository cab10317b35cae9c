import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { findStream, refuseEvent, takeEvents } from '../../receivers/index.ts'
import { nextEvents } from '../next-events.ts'
import type { NextEvents } from '../next-events.ts'
import { isAboutTheEvent } from '../push-verdict.ts'
import { tokenFor } from '../token.ts'
import type { EndpointDeps, Handler } from './deps.ts'
import { badRequest, noSuchStream } from './reply.ts'

const MOST_AT_ONCE = 100
const MOST_ACKED = 1000
/** How often it is asked whether anything happened, while somebody waits. */
const ASK_MS = 500
/** A stream that goes on after a pause, and what was committed late, are seen without that. */
const LOOK_MS = 5000

// RFC 8936 section 2.2.
const request = z.object({
  maxEvents: z.int().min(0).optional(),
  returnImmediately: z.boolean().optional(),
  ack: z.array(z.string()).max(MOST_ACKED).optional(),
  setErrs: z
    .record(z.string(), z.object({ err: z.string(), description: z.string().optional() }))
    .refine((errors) => Object.keys(errors).length <= MOST_ACKED)
    .optional(),
})

/**
 * POST (RFC 8936 section 2): takes note of what the receiver has and has refused, and gives it the oldest of what waits. What is not
 * acknowledged is given again, in the same order. With nothing there it waits, as long as a request may take; the third who would wait
 * at a stream is answered at once.
 */
export const poll: Handler = async (deps, { ctx, receiver, streamId = '', body, askAgain }) => {
  const read = request.safeParse(body)
  if (!read.success) return badRequest('this is no poll request (RFC 8936 section 2.2)')
  const { prisma } = deps.database
  const own = await findStream(prisma, streamId, receiver.clientId)
  if (own?.method !== 'poll') return noSuchStream
  const { maxEvents = MOST_AT_ONCE, returnImmediately = false, ack = [], setErrs = {} } = read.data
  await settle(deps, streamId, ack, setErrs)
  const limit = Math.min(maxEvents, MOST_AT_ONCE)
  if (limit === 0) return { status: 200, body: { sets: {} } }
  const found = await next(deps, streamId, {
    limit,
    waitMs: returnImmediately ? 0 : deps.longPollMs,
    isOver: () => ctx.req.socket.destroyed || !deps.isAccepting(),
  })
  if (!found) return noSuchStream
  // Whoever waited may have lost the right to hear it.
  if (found.events.length > 0 && !returnImmediately) {
    const known = await askAgain()
    if (!known.ok) return known.reply
  }
  const tokens = await Promise.all(
    found.events.map(async (event) => [event.jti, await tokenFor(deps, found.stream, event)] as const),
  )
  return {
    status: 200,
    body: {
      sets: Object.fromEntries(tokens),
      ...(found.more || found.unfinished ? { moreAvailable: true } : {}),
    },
  }
}

async function settle(
  { database, onOutcome }: EndpointDeps,
  streamId: string,
  ack: readonly string[],
  setErrs: Record<string, { err: string }>,
): Promise<void> {
  if (ack.length === 0 && Object.keys(setErrs).length === 0) return
  const refused = Object.entries(setErrs).filter(([jti]) => !ack.includes(jti))
  await database.transaction(async (tx) => {
    await takeEvents(tx, streamId, ack)
    for (const [jti, { err }] of refused) {
      const error = /^[\w-]{1,64}$/.test(err) ? err : 'refused'
      await refuseEvent(tx, { streamId, jti, error, ...(isAboutTheEvent(err) ? { giveUpAfter: 1 } : {}) })
    }
  })
  onOutcome('taken', ack.length)
  onOutcome('refused', refused.length)
}

async function next(
  deps: EndpointDeps,
  streamId: string,
  { limit, waitMs, isOver }: { limit: number; waitMs: number; isOver: () => boolean },
): Promise<NextEvents | null> {
  const goesOn = () => !isOver()
  const leave = waitMs > 0 ? deps.waiting.enter(streamId) : null
  const end = performance.now() + (leave ? waitMs : 0)
  try {
    for (;;) {
      const seen = await deps.waiting.mark()
      const found = await nextEvents(deps, streamId, { limit, due: false, goesOn })
      if (!found || found.events.length > 0) return found
      const lookAt = found.unfinished ? 0 : Math.min(performance.now() + LOOK_MS, end)
      do {
        const left = end - performance.now()
        if (left <= 0 || isOver()) return found
        await sleep(Math.min(ASK_MS, left))
      } while (performance.now() < lookAt && (await deps.waiting.mark()) === seen)
    }
  } finally {
    leave?.()
  }
}
