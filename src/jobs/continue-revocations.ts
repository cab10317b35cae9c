import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../db/index.ts'
import {
  continueRevocations,
  hasUnfinishedRevocations,
  revocationRound,
  settleLeftBehind,
} from '../oidc/index.ts'
import { expectTurn, perform } from '../queue/index.ts'
import type { Work } from '../queue/index.ts'

const now = () => performance.now()
/** Between batches the database belongs to those who wait for it: four times as long as a batch takes, and this long at least. */
const PAUSE_MS = 20
const PAUSE_PER_BATCH = 4
/** After so long other jobs get their turn. */
const ROUND_MS = 30_000
/** What another process has in hand is looked after until it is done: that process may die. */
const LOOK_AGAIN_SECONDS = 1

/**
 * Clears away the rows of large revocations, whose effect is there already. The receipts in the database say what is left: whatever
 * process dies, another goes on with the next batch.
 */
export function clearingRevocations(database: Database): Work {
  const expect = (inSeconds: number, after?: string) =>
    expectTurn(database.prisma, revocationRound, {}, { name: 'next', inSeconds, after })
  return {
    ...perform(revocationRound, async (_payload, { stopping, signal, jobId }) => {
      const startedAt = now()
      const goesOn = () => !stopping.aborted && !signal.aborted && now() - startedAt < ROUND_MS
      while (goesOn() && (await settleLeftBehind(database)));
      for (let from = now(); goesOn() && (await continueRevocations(database)); from = now())
        await sleep(Math.max(PAUSE_MS, PAUSE_PER_BATCH * (now() - from)))
      if (await hasUnfinishedRevocations(database)) await expect(goesOn() ? LOOK_AGAIN_SECONDS : 0, jobId)
    }),
    async tend() {
      if (await hasUnfinishedRevocations(database)) await expect(0)
    },
  }
}
