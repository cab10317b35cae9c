import { sweepBatch } from '../../src/db/index.ts'
import type { Db, Sweep } from '../../src/db/index.ts'

/** A batch of each; resolves to how many rows they were about. */
export async function sweepOnce(db: Db, sweeps: readonly Sweep[], { limit = 1000 } = {}): Promise<number> {
  let found = 0
  for (const sweep of sweeps) found += (await sweepBatch(db, sweep, { limit })).found
  return found
}
