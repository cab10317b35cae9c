import { setTimeout as sleep } from 'node:timers/promises'
import { removeOldEvents } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import { recurring } from '../queue/index.ts'
import type { Work } from '../queue/index.ts'

const EVERY_SECONDS = 600
/** Between batches the database belongs to those who wait for it. */
const PAUSE_MS = 200

/** Removes audit events older than so many days, batch by batch; with 0 days none ever. */
export function auditRetention(
  { database, sealer }: { database: Database; sealer: Sealer },
  days: number,
): Work {
  return recurring(
    database.prisma,
    { name: 'audit.remove_old', everySeconds: EVERY_SECONDS, timeoutSeconds: 600 },
    async ({ stopping, signal }) => {
      let more = days > 0
      while (more && !stopping.aborted && !signal.aborted) {
        more = (await removeOldEvents({ pool: database.pool, sealer }, { days })).more
        await sleep(PAUSE_MS)
      }
    },
  )
}
