import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until `isSo` says true; throws with `what` when that takes longer than `withinMs`. */
export async function until(what: string, isSo: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1000} seconds`)
    await sleep(100)
  }
}

/** Whether the address answers 200 within a second. */
export async function answers(url: string): Promise<boolean> {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(1000) })
  return status === 200
}
