import { setTimeout as sleep } from 'node:timers/promises'
import { sweepBatch } from '../db/index.ts'
import type { Database, Db, Sweep } from '../db/index.ts'
import { recurring } from '../queue/index.ts'
import type { Work } from '../queue/index.ts'

const EVERY_SECONDS = 60
/** After so long other jobs get their turn. */
const ROUND_MS = 30_000
/** A batch should take this long: fewer rows where the database is slow or busy, more where it is not. */
const BATCH_MS = 10
const FEWEST_ROWS = 50
const MOST_ROWS = 250
const FIRST_ROWS = 200
/** Between batches the database belongs to those who wait for it: three times as long as a batch took, and this long at least. */
const PAUSE_MS = 25
const PAUSE_PER_BATCH = 3

const now = () => performance.now()

/**
 * Gives back the space of expired rows: once a minute, and without a break while there is a backlog, in bounded batches that skip locked rows
 * and leave three quarters of the time to others.
 */
export function sweeping({ prisma }: Database, sweeps: readonly Sweep[]): Work {
  return recurring(
    prisma,
    { name: 'sweep', everySeconds: EVERY_SECONDS, timeoutSeconds: 300 },
    async ({ stopping, signal }) => {
      const startedAt = now()
      const goesOn = () => !stopping.aborted && !signal.aborted && now() - startedAt < ROUND_MS
      return (await sweepRound(prisma, sweeps, goesOn)) ? undefined : 'unfinished'
    },
  )
}

/**
 * Batch after batch, the tables in turns, until nothing is left that has expired: then it resolves to true. A table that cannot be swept
 * keeps none of the others from it; what went wrong is thrown at the end.
 */
async function sweepRound(db: Db, sweeps: readonly Sweep[], goesOn: () => boolean): Promise<boolean> {
  let left = sweeps.map((sweep) => ({ sweep, limit: FIRST_ROWS, from: null as Date | null }))
  let trouble: { error: unknown } | undefined
  while (left.length > 0) {
    const further: typeof left = []
    for (const { sweep, limit, from } of left) {
      if (!goesOn()) {
        if (trouble) throw trouble.error
        return false
      }
      const startedAt = now()
      const batch = await sweepBatch(db, sweep, { limit, from }).catch((error: unknown) => {
        trouble ??= { error }
        return undefined
      })
      const took = now() - startedAt
      if (!batch || batch.found < limit) continue
      const { reached } = batch
      further.push({ sweep, limit: nextLimit(limit, took), from: reached })
      await sleep(Math.max(PAUSE_MS, PAUSE_PER_BATCH * took))
    }
    left = further
  }
  if (trouble) throw trouble.error
  return true
}

/** As many rows as would have taken `BATCH_MS`, at most twice as many as before. */
function nextLimit(limit: number, tookMs: number): number {
  const fitting = Math.round(limit * Math.min(2, BATCH_MS / Math.max(1, tookMs)))
  return Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, fitting))
}
