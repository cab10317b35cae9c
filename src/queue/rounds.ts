import type { Db } from '../db/index.ts'
import type { Task } from './task.ts'
import { expectTurn } from './turn.ts'
import { perform } from './worker.ts'
import type { Try, Work } from './worker.ts'

/** Rows of one kind that wait to be delivered, in lanes: those of a lane go to the same receiver. */
export type Outbox<Item> = {
  /** Rung in the transaction that writes a row; a job of it is a round through its lane. */
  task: Task<{ lane: string }>
  /** Rows of one lane on their way at once, from this process. */
  perLane: number
  /** Lanes that this process goes through at once: the slow ones must leave hands for others. */
  lanes: number
  /** Takes up to so many due rows of the lane, under a lease. */
  claim(lane: string, limit: number): Promise<Item[]>
  /** Delivers one and writes down what came of it. Resolves to the seconds for which its lane is to be left in peace, or 0. */
  deliver(item: Item, attempt: Try): Promise<number>
  /** Seconds until the next row of the lane is due; null when none waits. */
  nextDue(lane: string): Promise<number | null>
  /** The lanes that have due rows. */
  dueLanes(): Promise<string[]>
}

/** After so long other jobs get their turn. */
const ROUND_MS = 20_000
const NO_HAND_FREE_SECONDS = 1
/** While other lanes wait for a hand, a round ends after so long … */
const SHORT_ROUND_MS = 3000
/** … and its lane leaves the hand to them: longer than it takes them to ask again. */
const YIELD_SECONDS = 5
/** A lane that was refused asks again within so long, so by then none waits any more. */
const CONTENDED_MS = 5000

/**
 * Delivers an outbox. The rows are what is to be done, with their own times and leases; a job only says where to look, so a job too many does
 * no harm, and one that was never asked for (by the version before, or a restored dump) is made up for by `tend`. At the end of a round, if
 * rows are left, the lane's next one is planned. Lanes that wait for a hand get one from those that are slow.
 */
export function performRounds<Item>(db: Db, outbox: Outbox<Item>): Work {
  const { task } = outbox
  const underWay = new Map<string, { again: boolean }>()
  const restingUntil = new Map<string, number>()
  const restLeft = (lane: string) => ((restingUntil.get(lane) ?? 0) - performance.now()) / 1000

  let refusedAt = -Infinity
  const isContended = () => performance.now() - refusedAt < CONTENDED_MS
  const rest = (lane: string, seconds: number) =>
    void restingUntil.set(lane, Math.max(restingUntil.get(lane) ?? 0, performance.now() + seconds * 1000))

  const later = (lane: string, inSeconds: number, after?: string) =>
    expectTurn(db, task, { lane }, { name: lane, inSeconds, after })

  async function round(lane: string, attempt: Try): Promise<void> {
    const startedAt = performance.now()
    const lastedMs = () => performance.now() - startedAt
    const goesOn = () =>
      !attempt.stopping.aborted &&
      lastedMs() < (isContended() ? SHORT_ROUND_MS : ROUND_MS) &&
      restLeft(lane) <= 0
    const mine = { again: true }
    underWay.set(lane, mine)
    try {
      while (mine.again && goesOn()) {
        mine.again = false
        await drain(outbox, lane, attempt, goesOn, (seconds) => rest(lane, seconds))
      }
    } finally {
      underWay.delete(lane)
    }
    // Not only its planned turn: one that is rung for meanwhile would take the hand back, too.
    if (isContended() && lastedMs() >= SHORT_ROUND_MS) rest(lane, YIELD_SECONDS)
  }

  return {
    ...perform(task, async ({ lane }, attempt) => {
      const current = underWay.get(lane)
      if (current) {
        current.again = true
        return
      }
      if (restLeft(lane) <= 0) {
        if (underWay.size >= outbox.lanes) {
          refusedAt = performance.now()
          return later(lane, NO_HAND_FREE_SECONDS, attempt.jobId)
        }
        await round(lane, attempt)
      }
      const due = await outbox.nextDue(lane)
      if (due !== null) await later(lane, Math.max(due, restLeft(lane), 0), attempt.jobId)
      else if (restLeft(lane) <= 0) restingUntil.delete(lane)
    }),
    async tend() {
      for (const lane of await outbox.dueLanes())
        if (!underWay.has(lane) && restLeft(lane) <= 0) await later(lane, 0)
    },
  }
}

/** Takes and delivers what is due, so many at once, until there is nothing more or it must not go on. */
async function drain<Item>(
  outbox: Outbox<Item>,
  lane: string,
  attempt: Try,
  goesOn: () => boolean,
  onRest: (seconds: number) => void,
): Promise<void> {
  const flying = new Set<Promise<void>>()
  const troubles: unknown[] = []
  const fly = async (item: Item) => {
    try {
      const seconds = await outbox.deliver(item, attempt)
      if (seconds > 0) onRest(seconds)
    } catch (error) {
      // Its lease runs out, and it is tried again.
      troubles.push(error)
    }
  }
  try {
    while (goesOn() && troubles.length === 0) {
      const room = outbox.perLane - flying.size
      const claimed = room > 0 ? await outbox.claim(lane, room) : []
      for (const item of claimed) {
        const flight = fly(item).finally(() => flying.delete(flight))
        flying.add(flight)
      }
      if (flying.size === 0) break
      await Promise.race(flying)
    }
  } finally {
    await Promise.all(flying)
  }
  if (troubles.length > 0) throw troubles[0]
}
