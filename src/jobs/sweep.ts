import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Db } from '../db/index.ts'
import { sweepExpired } from '../oidc/index.ts'
import { sweepUsersRoom } from '../users/index.ts'
import { takeTurns } from './turns.ts'

const EVERY_MS = 60_000
/** Between batches the database belongs to those who wait for it. */
const PAUSE_MS = 50
const MAX_BATCHES = 100

/**
 * Gives back the space of expired rows once a minute, in bounded batches that skip locked rows, so that several instances
 * may do it at once. Rooms on this floor hand their sweeps in as `more`. Returns a function that stops it and resolves when the batch under way is done.
 */
export function startSweeping(
  { prisma }: Database,
  onError: (error: unknown) => void,
  more: readonly ((db: Db) => Promise<number>)[] = [],
): () => Promise<void> {
  const sweeps = [sweepExpired, sweepUsersRoom, ...more]
  return takeTurns({
    everyMs: EVERY_MS,
    onError,
    async work(signal) {
      for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch += 1) {
        let removed = 0
        for (const sweep of sweeps) removed += await sweep(prisma)
        if (removed === 0) return
        await sleep(PAUSE_MS)
      }
    },
  })
}
