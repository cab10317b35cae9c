import type { Limits } from './check.ts'
import type { Facts } from './facts.ts'
import { isDuring, isNear } from './windows.ts'

/**
 * A process that was told to stop lets people in for as long as it says, answers all of them, and turns nobody away but by a refused
 * connection. One excuse for anything else: the way there was cut or held up by us. The end of the process, which comes next, is none:
 * the door has long been shut by then.
 */
export function drainsWell({ requests, entries }: Facts, { doorMs }: Limits): string[] {
  const windows = entries.filter((entry) => entry.type === 'window')
  return requests.flatMap((request) => {
    const { what, instance, sentAt, status, loss } = request
    const drain = windows.find((window) => window.why === 'draining' && isDuring(window, request))
    if (!drain || status !== null) return []
    const way = windows.filter(({ why }) => why === 'cut' || why === 'held')
    if (way.some((window) => isNear(window, request))) return []
    const after = Math.round(request.endedAt - drain.from)
    const where = `${what} at instance ${instance}, sent at ${Math.round(sentAt)} ms, ${after} ms after it was told to stop`
    if (loss !== 'refused') return [`no answer (${loss}) to ${where}`]
    return sentAt >= drain.from && after < doorMs ? [`refused too early: ${where}`] : []
  })
}
