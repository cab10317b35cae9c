import type { Counted } from '../http/index.ts'

/** What the supervisor says to a worker. */
export type ToWorker = { type: 'open' } | { type: 'stop' } | { type: 'count'; question: number }

/** What a worker says to the supervisor. */
export type ToSupervisor = { type: 'ready' } | { type: 'counted'; question: number; counted: Counted }

/** What the other side of the pipe said; null for anything that is none of ours. */
export function readMessage(received: unknown): ToSupervisor | null
export function readMessage(received: unknown, by: 'supervisor'): ToWorker | null
export function readMessage(received: unknown): ToWorker | ToSupervisor | null {
  const isOurs = typeof received === 'object' && received !== null && 'type' in received
  return isOurs ? (received as ToWorker | ToSupervisor) : null
}
