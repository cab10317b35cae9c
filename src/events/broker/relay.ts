import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { listEvents } from '../../audit/index.ts'
import type { Database } from '../../db/index.ts'
import { defineTask, enqueue, perform } from '../../queue/index.ts'
import type { Work } from '../../queue/index.ts'
import { advanceRelay, dueRelay, noteRelayFailure, openRelay, relayHasNews } from '../../receivers/index.ts'
import { outsideEventOf } from '../outside-event.ts'
import { cloudEventOf } from './cloud-event.ts'
import { publishInOrder } from './in-order.ts'
import type { Progress } from './in-order.ts'
import { BrokerTrouble, connectPublisher } from './publisher.ts'
import type { Broker, Publisher } from './publisher.ts'

export type RelayDeps = {
  database: Database
  broker: Broker
  /** The source of every event. */
  issuer: string
  /** How long the broker may take to confirm a batch. */
  patienceMs?: number
  /** `unroutable`: no queue of the operators' own takes events of that type. */
  onOutcome(outcome: 'published' | 'unroutable' | 'failed', events: number): void
  /** A turn came to nothing for this reason: a stable word. */
  onTrouble(reason: string): void
}

/** What is in memory at most, whatever waits. */
const BATCH = 200
const BATCH_MS = 20_000
const TURN_MS = 30_000
const LONGEST_PAUSE_SECONDS = 60

const relayTask = defineTask('broker.relay', z.strictObject({}), { maxAttempts: 32_000, timeoutSeconds: 60 })

/** Gives the relay a turn when there is something to tell, unless it has one already, in whichever process. Called again and again. */
export async function askForRelay({ prisma }: Database): Promise<void> {
  await openRelay(prisma)
  if (await relayHasNews(prisma))
    await enqueue(prisma, relayTask, {}, { onlyOne: 'broker.relay', againWithinSeconds: 5 })
}

/**
 * Tells the broker what happened, from the audit: at least once, in order for each subject. The place moves on only behind what the broker
 * has confirmed, so a broker that is away for hours misses nothing, and nothing grows but what is kept anyway. The connection stays open
 * between turns until `close`.
 */
export function relayToBroker(deps: RelayDeps): { work: Work; close(): Promise<void> } {
  const { database } = deps
  let publisher: Publisher | undefined

  async function connected(): Promise<Publisher> {
    if (publisher?.isOpen() !== true)
      publisher = await connectPublisher(deps.broker, {
        onUnroutable: () => deps.onOutcome('unroutable', 1),
      })
    return publisher
  }

  async function close(): Promise<void> {
    const open = publisher
    publisher = undefined
    await open?.close()
  }

  /** True when there may be more to tell right away. */
  async function relayBatch(cursor: string, failures: number): Promise<boolean> {
    const page = await listEvents(database, { order: 'oldest', after: cursor, limit: BATCH })
    const { done, error } = await publishPage(page.events)
    const last = page.events[done - 1]
    if (last) await advanceRelay(database.prisma, last.id)
    if (done > 0) deps.onOutcome('published', done)
    if (error === null) return page.next !== null
    const reason = error instanceof BrokerTrouble ? error.message : 'broken'
    deps.onOutcome('failed', page.events.length - done)
    deps.onTrouble(reason)
    await close()
    await noteRelayFailure(database.prisma, { reason, retryInSeconds: pauseAfter(failures) })
    return false
  }

  async function publishPage(events: Parameters<typeof outsideEventOf>[0][]): Promise<Progress> {
    if (events.length === 0) return { done: 0, error: null }
    try {
      const open = await connected()
      const told = events.map((event) => cloudEventOf(deps.issuer, outsideEventOf(event)))
      const late = new AbortController()
      const timer = sleep(deps.patienceMs ?? BATCH_MS, undefined, { signal: late.signal, ref: false })
      // Closing the connection ends the wait for confirmations that do not come: a broker short of memory or disk says nothing.
      timer.then(
        () => open.close(),
        () => undefined,
      )
      return await publishInOrder((event) => open.publish(event), told).finally(() => late.abort())
    } catch (error) {
      return { done: 0, error }
    }
  }

  const work = perform(relayTask, async (_payload, { signal, stopping }) => {
    const startedAt = performance.now()
    while (!signal.aborted && !stopping.aborted && performance.now() - startedAt < TURN_MS) {
      const relay = await dueRelay(database.prisma)
      if (!relay || !(await relayBatch(relay.cursor, relay.failures))) return
    }
  })
  return { work: { ...work, tend: () => askForRelay(database) }, close }
}

/** Seconds: 1, 2, 4 … and once a minute as long as the broker is away. */
function pauseAfter(failures: number): number {
  return Math.min(2 ** Math.min(failures, 10), LONGEST_PAUSE_SECONDS)
}
