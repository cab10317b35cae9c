import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../db/index.ts'
import { continueRevocations, hasUnfinishedRevocations, settleLeftBehind } from '../oidc/index.ts'
import { takeTurns } from './turns.ts'

const EVERY_MS = 500
const now = () => performance.now()
/** Between batches the database belongs to those who wait for it: four times as long as a batch takes, and this long at least. */
const PAUSE_MS = 20
const PAUSE_PER_BATCH = 4

/**
 * Clears away the rows of large revocations, whose effect is there already. The receipts in the database are the queue: whatever
 * process dies, another goes on with the next batch.
 */
export function startRevocations(database: Database, onError: (error: unknown) => void): () => Promise<void> {
  return takeTurns({
    everyMs: EVERY_MS,
    onError,
    async work(signal) {
      if (!(await hasUnfinishedRevocations(database))) return
      while (!signal.aborted && (await settleLeftBehind(database)));
      for (let startedAt = now(); !signal.aborted && (await continueRevocations(database)); startedAt = now())
        await sleep(Math.max(PAUSE_MS, PAUSE_PER_BATCH * (now() - startedAt)))
    },
  })
}
