import type { Database, Tx } from '../../db/index.ts'
import { cut } from './cut.ts'
import type { Keep } from './cut.ts'
import { digestOfHandle, selectorOf } from './selector.ts'
import type { Selector, SelectorRecord } from './selector.ts'

/** What is kept, as the receipt says it. */
export type KeepRecord = { session_id?: string; grant_id?: string; token?: string }

/**
 * Sets a cut once more, after its own commit. Between the instant it named and its commit, requests may have read that all is well;
 * what they write goes back to a moment after the first cut, and before this one. No request that reads later can miss the first.
 */
export async function settle(tx: Tx, id: string, selector: Selector, keep: Keep): Promise<void> {
  await cut(tx, selector, keep)
  await tx.$executeRaw`UPDATE revocations SET settled_at = clock_timestamp() WHERE id = ${id}::uuid`
}

/** What a receipt says was kept. */
export function keepOf(record: KeepRecord | null): Keep {
  const { session_id, grant_id, token } = record ?? {}
  return {
    sessionUid: session_id ?? null,
    grantId: grant_id ?? null,
    token: token === undefined ? null : digestOfHandle(token),
  }
}

/** Long enough for a process that lives to have done it itself. */
const LEFT_BEHIND = '2 seconds'

/** Settles what a process left behind that ended between the two. Resolves to whether there was any. */
export async function settleLeftBehind(database: Database): Promise<boolean> {
  return database.transaction(async (tx) => {
    const [row] = await tx.$queryRawUnsafe<
      { id: string; selector: SelectorRecord; keep: KeepRecord | null }[]
    >(
      `SELECT id, selector, keep FROM revocations WHERE settled_at IS NULL AND created_at < now() - interval '${LEFT_BEHIND}'
        ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
    )
    if (!row) return false
    await settle(tx, row.id, selectorOf(row.selector), keepOf(row.keep))
    return true
  })
}
