import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { findStream, refuseEvent, takeEvents } from '../../receivers/index.ts'
import { nextEvents } from '../next-events.ts'
import type { NextEvents } from '../next-events.ts'
import { tokenFor } from '../token.ts'
import type { EndpointDeps, Handler } from './deps.ts'
import { badRequest, noSuchStream } from './reply.ts'

const MOST_AT_ONCE = 100
const MOST_ACKED = 1000
/** How often somebody who waits is looked after. */
const LOOK_MS = 500
/** Waiting costs a look twice a second: so many may, in one process. */
const MOST_POLLERS = 100

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

let pollers = 0

/**
 * POST (RFC 8936 section 2): takes note of what the receiver has and has refused, and gives it the oldest of what waits. What is not
 * acknowledged is given again, in the same order. With nothing there it waits, as long as a request may take.
 */
export const poll: Handler = async (deps, { ctx, receiver, streamId = '', body }) => {
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
    waitMs: returnImmediately || pollers >= MOST_POLLERS ? 0 : deps.longPollMs,
    isOver: () => ctx.req.socket.destroyed || !deps.isAccepting(),
  })
  if (!found) return noSuchStream
  const tokens = await Promise.all(
    found.events.map(async (event) => [event.jti, await tokenFor(deps, found.stream, event)] as const),
  )
  return {
    status: 200,
    body: { sets: Object.fromEntries(tokens), ...(found.more ? { moreAvailable: true } : {}) },
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
      await refuseEvent(tx, { streamId, jti, error, atOnce: true })
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
  const end = performance.now() + waitMs
  pollers += 1
  try {
    for (;;) {
      const found = await nextEvents(deps, streamId, { limit, due: false })
      if (!found || found.events.length > 0 || isOver()) return found
      const left = end - performance.now()
      if (left <= 0) return found
      await sleep(Math.min(LOOK_MS, left))
    }
  } finally {
    pollers -= 1
  }
}
