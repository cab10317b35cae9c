import type { Database, Tx } from '../../db/index.ts'
import { plus } from './counts.ts'
import type { RevocationCounts } from './counts.ts'
import { sparing } from './cut.ts'
import { endRows, later } from './end-rows.ts'
import { coveredBy } from './selector.ts'
import type { SelectorRecord } from './selector.ts'
import { keepOf } from './settle.ts'
import type { KeepRecord } from './settle.ts'

/** Rows of a kind that one transaction ends: short enough to be in nobody's way. */
const BATCH = 100

type Running = {
  id: string
  selector: SelectorRecord
  notify: boolean
  counts: RevocationCounts
  jwt_until: Date | null
  effective_at: Date
  keep: KeepRecord | null
}

/**
 * Ends the next batch of rows of the oldest large revocation that no other instance is working on, and fills in its receipt.
 * Resolves to whether there was one; call again while it was. Its effect does not wait for this: the cut was in its own transaction.
 */
export async function continueRevocations(database: Database): Promise<boolean> {
  return database.transaction(async (tx) => {
    const [running] = await tx.$queryRaw<Running[]>`
      SELECT id, selector, notify, counts, jwt_until, effective_at, keep FROM revocations
      WHERE state = 'running' ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED`
    if (!running) return false
    await endNext(tx, running)
    return true
  })
}

async function endNext(tx: Tx, { id, selector: record, notify, counts, ...rest }: Running): Promise<void> {
  const covered = sparing(coveredBy(record, [], rest.effective_at), keepOf(rest.keep))
  const ended = await endRows(tx, { id, record, covered, notify, limit: BATCH })
  await tx.revocation.update({
    where: { id },
    data: {
      counts: plus(counts, ended.counts),
      jwtUntil: later(rest.jwt_until, ended.jwtUntil),
      ...(ended.done ? { state: 'completed', completedAt: new Date() } : {}),
    },
    select: { id: true },
  })
}
