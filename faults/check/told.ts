import type { RequestEntry, Tale } from '../journal.ts'
import type { Limits } from './check.ts'
import type { Facts } from './facts.ts'

type Owed = Tale & { sentAt: number }

/**
 * The webhook hears of every acknowledged disable, enable and revocation: at least once, not too long after the faults have stopped, and of
 * what happened to one user in the order in which it did.
 */
export function eventsArrive(facts: Facts, limits: Limits): string[] {
  const until = (facts.stoppedAt ?? Infinity) + limits.noticesMs
  const heard = Map.groupBy(heardOnce(facts, until), ({ user }) => user)
  return [...Map.groupBy(owedTales(facts), ({ user }) => user)].flatMap(([user, owed]) => {
    const told = heard.get(user) ?? []
    let next = 0
    return owed.flatMap((one) => {
      const at = told.findIndex((other, nth) => nth >= next && isSame(one, other))
      if (at >= 0) next = at + 1
      if (at >= 0) return []
      const how = told.some((other) => isSame(one, other)) ? 'told too early or too late' : 'never told'
      return [`${one.event} of ${user}, acknowledged after ${Math.round(one.sentAt)} ms, was ${how}`]
    })
  })
}

/** What was promised to be told, each once, in the order in which it was asked for. */
export function owedTales({ requests }: Pick<Facts, 'requests'>): Owed[] {
  return requests.flatMap((request) => {
    const { acknowledged, tells = [], sentAt } = request
    return acknowledged && isChange(requests, request) ? tells.map((tale) => ({ ...tale, sentAt })) : []
  })
}

/** To enable somebody is one when they are known to be disabled: nobody ever said so when the last attempt at that had no answer. */
function isChange(requests: RequestEntry[], { reopens, sentAt }: RequestEntry): boolean {
  if (reopens === undefined) return true
  const closing = requests.findLast(
    ({ what, ends, sentAt: at }) => what === 'disable' && ends?.id === reopens && at < sentAt,
  )
  return closing?.acknowledged === true
}

/** Messages that were taken in time, each once, in the order in which they were: none comes before an earlier one was. */
function heardOnce({ entries }: Facts, until: number): Tale[] {
  const messages = Map.groupBy(
    entries.filter((entry) => entry.type === 'told'),
    ({ id }) => id,
  )
  return [...messages.values()]
    .flatMap((tries) => tries.find(({ status, at }) => status === 200 && at <= until) ?? [])
    .toSorted((one, other) => one.at - other.at)
}

function isSame(owed: Tale, heard: Tale): boolean {
  return owed.event === heard.event && (owed.reason === null || owed.reason === heard.reason)
}
