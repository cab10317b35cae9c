import { setTimeout as sleep } from 'node:timers/promises'

/** When a request was sent, by performance.now(), and how long its answer took; in milliseconds. */
export type Sample = { at: number; ms: number }

/**
 * Sends so many requests a second, each when its time has come and not when the last one was answered: what waits behind something
 * slow is measured too. Returns the growing list of samples, and how to stop.
 */
export function steadyLoad(
  perSecond: number,
  send: (turn: number) => Promise<void>,
): { samples: Sample[]; stop: () => Promise<void> } {
  const samples: Sample[] = []
  const under = new Set<Promise<void>>()
  const over = new AbortController()
  const firstAt = performance.now()
  const playing = (async () => {
    for (let turn = 0; !over.signal.aborted; turn += 1) {
      const at = firstAt + (turn * 1000) / perSecond
      await sleep(Math.max(0, at - performance.now()))
      const request = send(turn).then(() => {
        samples.push({ at, ms: performance.now() - at })
        under.delete(request)
      })
      under.add(request)
    }
  })()
  return {
    samples,
    async stop() {
      over.abort()
      await playing
      await Promise.all(under)
    },
  }
}
