import type { Database } from '../../db/index.ts'
import { findDeadTokens, revocationsUnderWay } from './dead-tokens.ts'
import type { DeadTokens } from './dead-tokens.ts'

/**
 * Keeps the status lists as exact as the other doors. Two kinds of tokens end without being marked: what a request in flight wrote
 * while its access was being revoked, which the revocation did not see; and what a large revocation has cut off but not yet come to.
 * `inFlightSeconds` is the longest that a request can take to write what it has read.
 */
export function createCutWatch(
  pool: Database['pool'],
  inFlightSeconds: number,
): {
  /** The numbers of a bucket that are dead and may not be marked, as of the moment of asking. Throws on storage trouble. */
  unmarked(bucket: number): Promise<Iterable<number>>
} {
  const found: DeadTokens = new Map()
  /** For each large revocation under way, the pass over everything that this process makes because of it. */
  const passes = new Map<string, Promise<void>>()
  let since: Date | null = null
  let firstPass: Promise<void> | null = null

  return {
    async unmarked(bucket) {
      const { at, running } = await revocationsUnderWay(pool)
      const recent = new Date(at.getTime() - inFlightSeconds * 1000)
      since ??= recent
      const badKeys = running.flatMap(({ key }) => key ?? [])
      if (running.length === 0) {
        // All that was found has been marked since.
        found.clear()
        passes.clear()
        firstPass ??= lookBack()
        await findDeadTokens(pool, found, { since, mark: true, badKeys })
        since = recent
      } else {
        // It marks and counts its own rows: nothing is done in its place.
        await passFor(running, badKeys)
        await findDeadTokens(pool, found, { since, mark: false, badKeys })
      }
      return found.get(bucket) ?? []
    },
  }

  async function passFor(running: { id: string }[], badKeys: string[]): Promise<void> {
    const unseen = running.filter(({ id }) => !passes.has(id))
    if (unseen.length > 0) {
      const pass = findDeadTokens(pool, found, { since: null, mark: false, badKeys })
      for (const { id } of unseen) {
        passes.set(id, pass)
        pass.catch(() => passes.delete(id))
      }
    }
    for (const { id } of running) await passes.get(id)
  }

  /** Once, for what a process that was killed has left behind. Nobody waits for it; should it fail, the next list begins it anew. */
  function lookBack(): Promise<void> {
    return findDeadTokens(pool, new Map(), { since: null, mark: true, badKeys: [] }).catch(() => {
      firstPass = null
    })
  }
}
