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
  const turn = () => sleep(tendMs, undefined, { signal, ref: false }).catch(() => undefined)
  const tending = (async () => {
    for (; !signal.aborted; await turn())
      for (const { tend } of work) if (!signal.aborted) await tend?.().catch(onTrouble)
  })()
  return async () => {
    stopping.abort()
    await tending
  }
}
