import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Db } from '../db/index.ts'
import { sweepExpired } from '../oidc/index.ts'
import { recurring } from '../queue/index.ts'
import type { Work } from '../queue/index.ts'
import { sweepDeliveries, sweepWaitingEvents } from '../receivers/index.ts'
import { sweepUsersRoom } from '../users/index.ts'

const EVERY_SECONDS = 60
/** Between batches the database belongs to those who wait for it. */
const PAUSE_MS = 50
const MAX_BATCHES = 100

/**
 * Gives back the space of expired rows once a minute, in bounded batches that skip locked rows. Rooms on this floor hand their sweeps in
 * as `more`.
 */
export function sweeping({ prisma }: Database, more: readonly ((db: Db) => Promise<number>)[] = []): Work {
  const sweeps = [sweepExpired, sweepUsersRoom, sweepDeliveries, sweepWaitingEvents, ...more]
  return recurring(
    prisma,
    { name: 'sweep', everySeconds: EVERY_SECONDS, timeoutSeconds: 300 },
    async ({ stopping, signal }) => {
      for (let batch = 0; batch < MAX_BATCHES && !stopping.aborted && !signal.aborted; batch += 1) {
        let removed = 0
        for (const sweep of sweeps) removed += await sweep(prisma)
        if (removed === 0) return
        await sleep(PAUSE_MS)
      }
    },
  )
}
