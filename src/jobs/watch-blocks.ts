import type { Database } from '../db/index.ts'
import { countBlocks, endStuffingAlarm } from '../users/index.ts'
import { takeTurns } from './turns.ts'

const EVERY_MS = 10_000

/**
 * Ends the alarm over all users when its time is over, once over all instances, and tells how much is blocked: a timer of every process, and
 * no job, because each tells its own metrics. Returns how to stop.
 */
export function startWatchingBlocks(
  { prisma }: Database,
  {
    everyMs = EVERY_MS,
    onCount,
    onError,
  }: {
    everyMs?: number
    onCount: (counted: Awaited<ReturnType<typeof countBlocks>>) => void
    onError: (error: unknown) => void
  },
): () => Promise<void> {
  return takeTurns({
    everyMs,
    onError,
    async work() {
      await endStuffingAlarm(prisma, new Date())
      onCount(await countBlocks(prisma))
    },
  })
}
