import type { RequestEntry, Thing } from '../journal.ts'
import type { Limits } from './check.ts'
import { covers, keyOf } from './facts.ts'
import type { Facts } from './facts.ts'

/** What was handed out works until it expires, is used up, or somebody asks to end it. A 503 or no answer is not a refusal. */
export function livingWorks(facts: Facts, limits: Limits): string[] {
  return facts.requests.flatMap((request) => {
    const { presents, verdict, what, instance, status, sentAt } = request
    if (!presents || verdict !== 'refused' || !mustWork(facts, presents, request, limits)) return []
    const age = Math.round(sentAt - (facts.issued.get(keyOf(presents))?.at ?? 0))
    return [
      `${what} of ${keyOf(presents)} refused (${status}) by instance ${instance}, ${age} ms after it was handed out; nothing had ended it`,
    ]
  })
}

function mustWork(facts: Facts, thing: Thing, request: RequestEntry, limits: Limits): boolean {
  const issued = facts.issued.get(keyOf(thing))
  if (!issued || issued.at > request.sentAt) return false
  const spread = facts.clockSpread(issued.at - LEAD_MS, request.endedAt)
  if (request.endedAt - issued.at + spread + LEAD_MS >= issued.thing.livesMs) return false
  if (facts.endings.some((end) => end.sentAt < request.endedAt && covers(end, thing, end.endedAt)))
    return false
  return !mayBeUsedUp(facts, thing, request, limits)
}

/** Made on the server some time before its client had it. */
const LEAD_MS = 10_000

/**
 * A code is good once, and whoever presents one twice ends what came of it; a refresh token is good for a while after it was rotated,
 * and then ends its family.
 */
function mayBeUsedUp(facts: Facts, thing: Thing, request: RequestEntry, limits: Limits): boolean {
  for (const presented of facts.presenting.values()) {
    const [first] = presented
    const what = first?.presents
    if (!first || !what || what.grant !== thing.grant || (what.kind !== 'code' && what.kind !== 'refresh'))
      continue
    const isHarmless = (other: RequestEntry) =>
      other === first ||
      (what.kind === 'refresh' && other.endedAt - first.sentAt < limits.retryWindowMs - LEAD_MS)
    const isUsed = presented.some((other) => !isHarmless(other) && other.sentAt < request.endedAt)
    if (isUsed) return true
  }
  return false
}
