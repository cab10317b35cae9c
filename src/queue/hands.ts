import type { Db } from '../db/index.ts'
import type { Task } from './task.ts'
import { expectTurn } from './turn.ts'
import { perform } from './worker.ts'
import type { Try, Work } from './worker.ts'

/** How many turns of some kinds of jobs may go on at once in a process: of those that wait for somebody outside, who may be slow. */
export type Hands = {
  /** One of them, to be given back; null when none is free. */
  take(): (() => void) | null
}

export function createHands(most: number): Hands {
  let taken = 0
  return {
    take() {
      if (taken >= most) return null
      taken += 1
      return () => {
        taken -= 1
      }
    },
  }
}

/**
 * Like `perform`, with one of these hands, so that slow receivers leave the worker's others to what is done for people. With none free the turn
 * comes again a second later. `nameOf` gives what the turn's name, `onlyOne`, has behind the task's name and a slash.
 */
export function performByHand<P>(
  { hands, db }: { hands: Hands; db: Db },
  task: Task<P>,
  nameOf: (payload: P) => string,
  work: (payload: P, attempt: Try) => Promise<void>,
): Work {
  return perform(task, async (payload, attempt) => {
    const giveBack = hands.take()
    if (giveBack === null)
      return expectTurn(db, task, payload, { name: nameOf(payload), inSeconds: 1, after: attempt.jobId })
    try {
      await work(payload, attempt)
    } finally {
      giveBack()
    }
  })
}
