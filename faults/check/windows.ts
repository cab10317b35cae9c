import type { RequestEntry, WindowEntry } from '../journal.ts'

/** What happens at one instant is noticed a moment later. */
const EDGE_MS = 150

/** For how many milliseconds, give or take a moment, the request was under way in this time; negative when it was not. */
export function overlap({ from, to }: WindowEntry, { sentAt, endedAt }: RequestEntry): number {
  return Math.min(to + EDGE_MS, endedAt) - Math.max(from - EDGE_MS, sentAt)
}

/** Whether a request was under way at that instance in this time, give or take a moment. */
export function isNear(window: WindowEntry, request: RequestEntry): boolean {
  return window.instance === request.instance && overlap(window, request) > 0
}

/** The same, to the millisecond. */
export function isDuring({ instance, from, to }: WindowEntry, request: RequestEntry): boolean {
  return instance === request.instance && request.sentAt < to && request.endedAt > from
}
