import { setTimeout as sleep } from 'node:timers/promises'
import { recordWith } from './span.ts'

export type TracingOptions = {
  /** The collector's address; spans go to /v1/traces below it (OTLP/HTTP, JSON). */
  endpoint: string
  /** Sent with each request: a secret. */
  headers: Readonly<Record<string, string>>
  /** The share of traces that are recorded, 0 to 1. One begun elsewhere is recorded if it is there. */
  ratio: number
  /** Which of our processes this is. */
  role: string
  /** Told when spans could not be delivered, once a minute at most. They are lost, and nothing else is. */
  onTrouble: (reason: string) => void
}

const LAST_SPANS_MS = 2000

/** Begins to tell a collector. Loads what it takes only now. Resolves to how to stop, which takes two seconds at most. */
export async function startTracing(options: TracingOptions): Promise<() => Promise<void>> {
  const { createRecorder } = await import('./recorder.ts')
  const { recorder, shutdown } = createRecorder(options)
  recordWith(recorder)
  return async () => {
    recordWith(undefined)
    const waiting = new AbortController()
    const late = sleep(LAST_SPANS_MS, undefined, { signal: waiting.signal }).catch(() => undefined)
    await Promise.race([shutdown().catch(() => undefined), late])
    waiting.abort()
  }
}
