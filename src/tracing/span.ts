import { AsyncLocalStorage } from 'node:async_hooks'

export type Attributes = Record<string, string | number | boolean>

/** Adds to the span what is known only later; `failed` marks it as an error. */
export type Note = (attributes: Attributes, failed?: boolean) => void

export type SpanStart = {
  name: string
  kind?: 'server' | 'client' | 'consumer' | 'internal'
  attributes?: Attributes
  /** The span that caused it, elsewhere: a W3C traceparent. What is none is left out of account. */
  parent?: string | undefined
}

/** A span that has begun. */
export type LiveSpan = {
  note: Note
  end(): void
  /** Its name for others (W3C Trace Context). */
  traceparent: string
}

/** What makes spans, while there is a collector. */
export type Recorder = { begin(start: SpanStart, around: LiveSpan | undefined): LiveSpan }

let recorder: Recorder | undefined
const current = new AsyncLocalStorage<LiveSpan>()

/** From now on spans are made by this one; by none when undefined. */
export function recordWith(next: Recorder | undefined): void {
  recorder = next
}

/** Whether there is a span around, so that others are worth making. */
export function isTracing(): boolean {
  return recorder !== undefined && current.getStore() !== undefined
}

/** The span around, as it is told to those who do its work later; undefined where there is none. */
export function traceparent(): string | undefined {
  return recorder === undefined ? undefined : current.getStore()?.traceparent
}

/** Does the work in a span of its own, below the one around. An error marks it, by its name, and passes through. */
export async function inSpan<T>(start: SpanStart, work: (note: Note) => Promise<T>): Promise<T> {
  if (recorder === undefined) return work(() => undefined)
  const span = recorder.begin(start, current.getStore())
  try {
    return await current.run(span, () => work(span.note))
  } catch (error) {
    span.note({ 'error.type': error instanceof Error ? error.name : typeof error }, true)
    throw error
  } finally {
    span.end()
  }
}
