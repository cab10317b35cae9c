import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for it, so many milliseconds at most; false when it took longer. What it is rejected with is the caller's. */
export async function within(ms: number, awaited: Promise<unknown>): Promise<boolean> {
  const waiting = new AbortController()
  const late = sleep(ms, false, { signal: waiting.signal }).catch(() => false)
  try {
    return await Promise.race([awaited.then(() => true), late])
  } finally {
    waiting.abort()
  }
}
