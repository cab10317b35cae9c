import { setTimeout as sleep } from 'node:timers/promises'

export type Timer = {
  everyMs: number
  /** The first turn comes now, and not after the first pause. */
  atOnce?: boolean
  /** One turn. The signal says that the process is stopping: finish what is begun, begin nothing more. */
  work: (signal: AbortSignal) => Promise<void>
  onError: (error: unknown) => void
}

/**
 * Does the work again and again, a pause after each turn; a turn that fails is told and the next one comes. Returns a function that
 * stops it and resolves when the turn under way is done.
 */
export function takeTurns({ everyMs, atOnce = false, work, onError }: Timer): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  /** Resolves at the next turn, or to false when there is none any more. */
  const turn = () => sleep(everyMs, true, { signal, ref: false }).catch(() => false)
  const running = (async () => {
    if (atOnce) await work(signal).catch(onError)
    while (await turn()) await work(signal).catch(onError)
  })()
  return async () => {
    stopping.abort()
    await running
  }
}
