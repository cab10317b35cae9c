import type { RequestEntry, WindowEntry } from '../journal.ts'
import type { Limits } from './check.ts'
import type { Facts } from './facts.ts'

/** No 5xx but 503, and that one says when to come again. */
export function onlyHonestFailures({ requests }: Facts): string[] {
  return requests.flatMap(({ status, what, instance, retryAfter, sentAt }) => {
    if (status === null || status < 500) return []
    const where = `${what} at instance ${instance}, sent at ${Math.round(sentAt)} ms`
    if (status !== 503) return [`${status} to ${where}`]
    return retryAfter ? [] : [`503 without Retry-After to ${where}`]
  })
}

/**
 * Every request is answered within the deadline. One excuse for no answer: its instance was down or its connection cut by us; one for
 * a late one: its instance, or the way there, was held up by us, for as long as that took.
 */
export function answeredInTime({ requests, entries }: Facts, limits: Limits): string[] {
  const windows = entries.filter((entry) => entry.type === 'window')
  return requests.flatMap((request) => {
    const { what, instance, sentAt, endedAt, loss, status } = request
    const near = windows.filter((window) => window.instance === instance && overlap(window, request) > 0)
    const heldUp = near
      .filter(({ why }) => why === 'paused' || why === 'slow')
      .reduce((sum, window) => sum + overlap(window, request), 0)
    const took = Math.round(endedAt - sentAt)
    const where = `${what} at instance ${instance}, sent at ${Math.round(sentAt)} ms`
    const isCut = near.some(({ why }) => why === 'down' || why === 'cut')
    if (status === null && !isCut && !(loss === 'gave_up' && heldUp > 0))
      return [`no answer (${loss}) after ${took} ms to ${where}`]
    const allowed = limits.deadlineMs + limits.airMs + heldUp
    return status !== null && took > allowed ? [`an answer (${status}) after ${took} ms to ${where}`] : []
  })
}

/** What happens at one instant is noticed a moment later. */
const EDGE_MS = 150

function overlap({ from, to }: WindowEntry, { sentAt, endedAt }: RequestEntry): number {
  return Math.min(to + EDGE_MS, endedAt) - Math.max(from - EDGE_MS, sentAt)
}
