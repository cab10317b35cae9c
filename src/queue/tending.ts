import { setTimeout as sleep } from 'node:timers/promises'
import type { Work } from './worker.ts'

const EVERY_MS = 10_000

/**
 * Sees to it, at once and then every ten seconds, that the jobs are there which must be: recurring ones, and those of rows for which none
 * was asked for. A timer and no job, because what keeps the queue going cannot depend on the queue. Returns how to stop.
 */
export function startTending({
  work,
  onTrouble,
  tendMs = EVERY_MS,
}: {
  work: readonly Work[]
  onTrouble: (error: unknown) => void
  tendMs?: number
}): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  /** Also asked again after a wait, so it may have changed. */
  const isStopping = () => signal.aborted
  const tending = (async () => {
    while (!isStopping()) {
      for (const { tend } of work) if (!isStopping()) await tend?.().catch(onTrouble)
      await sleep(tendMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  })()
  return async () => {
    stopping.abort()
    await tending
  }
}
