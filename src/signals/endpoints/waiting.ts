import { newsMark } from '../../receivers/index.ts'
import type { Database } from '../../db/index.ts'

/** Those whose polls wait for something to happen, in this process. */
export type Waiting = {
  /** Lets one more wait at a stream; returns how to leave, null when as many wait there as may. */
  enter(streamId: string): (() => void) | null
  /** Another text than before when something may be there for somebody. Costs one look for all who ask within half a second. */
  mark(): Promise<string>
}

/** One who waits, and one who asked again because the connection of the first was lost. */
const MOST_AT_A_STREAM = 2
const FRESH_MS = 500

export function createWaiting({ prisma }: Pick<Database, 'prisma'>): Waiting {
  const waiting = new Map<string, number>()
  let looked: { at: number; mark: Promise<string> } | undefined
  return {
    enter(streamId) {
      const others = waiting.get(streamId) ?? 0
      if (others >= MOST_AT_A_STREAM) return null
      waiting.set(streamId, others + 1)
      return () => {
        const left = (waiting.get(streamId) ?? 1) - 1
        if (left === 0) waiting.delete(streamId)
        else waiting.set(streamId, left)
      }
    },
    mark() {
      const now = performance.now()
      if (!looked || now - looked.at >= FRESH_MS) looked = { at: now, mark: newsMark(prisma) }
      return looked.mark
    },
  }
}
