import type { Limits } from './check.ts'
import type { Facts } from './facts.ts'
import { isDuring, isNear, overlap } from './windows.ts'

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
 * Every request is answered within the deadline. One excuse for no answer: its instance was down or its connection cut by us, before
 * the deadline was over; one for a late one: its instance, or the way there, was held up by us, for as long as that took. What is lost
 * while its instance drains is looked at by `drainsWell`, which is stricter.
 */
export function answeredInTime({ requests, entries }: Facts, limits: Limits): string[] {
  const windows = entries.filter((entry) => entry.type === 'window')
  return requests.flatMap((request) => {
    const { what, instance, sentAt, endedAt, loss, status } = request
    const near = windows.filter((window) => isNear(window, request))
    const heldUp = near.filter(({ why }) => why === 'paused' || why === 'held')
    const cuts = near.filter(({ why }) => why === 'down' || why === 'cut')
    const isElsewhere = near.some((window) => window.why === 'draining' && isDuring(window, request))
    const isExcused = cuts.length > 0 || isElsewhere || (loss === 'gave_up' && heldUp.length > 0)
    const where = `${what} at instance ${instance}, sent at ${Math.round(sentAt)} ms`
    // What came of it when the connection was cut says nothing; that nothing had come until then may.
    const until = status === null ? Math.min(endedAt, ...cuts.map(({ from }) => from)) : endedAt
    const waited = Math.round(until - sentAt)
    if (status === null && !isExcused) return [`no answer (${loss}) after ${waited} ms to ${where}`]
    const allowed =
      limits.deadlineMs + limits.airMs + heldUp.reduce((sum, window) => sum + overlap(window, request), 0)
    return waited > allowed ? [`no answer for ${waited} ms (then ${status ?? loss}) to ${where}`] : []
  })
}
