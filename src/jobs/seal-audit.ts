import { setTimeout as sleep } from 'node:timers/promises'
import { sealEvents, signCheckpoint } from '../audit/index.ts'
import type { Sign } from '../audit/index.ts'
import type { Database } from '../db/index.ts'

const EVERY_MS = 1000

/**
 * Puts new audit events into the hash chain once a second and signs its head once a minute. Several instances may do it:
 * whoever comes second leaves it to the first. Returns a function that stops it and resolves when the batch under way is done.
 */
export function startSealing(
  database: Database,
  { sign, onError }: { sign: Sign; onError: (error: unknown) => void },
): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const running = (async () => {
    while (await turn()) await seal().catch(onError)
  })()

  /** Resolves at the next turn, or to false when there is none any more. */
  function turn(): Promise<boolean> {
    return sleep(EVERY_MS, true, { signal, ref: false }).catch(() => false)
  }

  async function seal(): Promise<void> {
    while (!signal.aborted && (await sealEvents(database)).more);
    await signCheckpoint(database, sign)
  }

  return async () => {
    stopping.abort()
    await running
  }
}
