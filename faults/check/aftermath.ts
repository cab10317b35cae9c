import type { Limits } from './check.ts'
import { covers, phaseAt } from './facts.ts'
import type { Facts } from './facts.ts'

/** After the faults have stopped everything works again, without anybody's help. */
export function recovers({ entries, stoppedAt }: Facts, limits: Limits): string[] {
  if (stoppedAt === undefined) return ['the faults never stopped']
  const recovered = phaseAt(entries, 'recovered')
  if (recovered === undefined) return ['it never recovered']
  const took = Math.round(recovered - stoppedAt)
  return took > limits.recoveryMs ? [`it took ${took} ms to recover`] : []
}

/** A process ends only when it is told to, and when it is asked to, in good order. */
export function nobodyDies({ entries }: Facts): string[] {
  return entries.flatMap((entry) => {
    if (entry.type !== 'exit') return []
    const { instance, asked, code, at } = entry
    const when = `instance ${instance} at ${Math.round(at)} ms`
    if (asked === null) return [`${when}: ended by itself (${code})`]
    return asked === 'stop' && code !== 0 ? [`${when}: ended with ${code} when it was asked to stop`] : []
  })
}

/** Everybody who took part in a session hears of its acknowledged end: at least once, and not too long after the faults have stopped. */
export function noticesArrive({ entries, endings, stoppedAt = Infinity }: Facts, limits: Limits): string[] {
  const notices = entries.filter((entry) => entry.type === 'notice')
  return owedNotices({ entries, endings }).flatMap(({ client, sid }) => {
    const heard = notices.filter((one) => one.client === client && one.sid === sid && one.status === 200)
    if (heard.some(({ at }) => at <= stoppedAt + limits.noticesMs)) return []
    return [`${client} ${heard.length > 0 ? 'heard too late' : 'never heard'} of the end of ${sid}`]
  })
}

/** Whom something was promised by an acknowledged end of a session, once each. */
export function owedNotices({
  entries,
  endings,
}: Pick<Facts, 'entries' | 'endings'>): { client: string; sid: string }[] {
  const joined = entries.filter((entry) => entry.type === 'joined')
  return joined.filter(({ session, user, begunAt, at }) =>
    endings.some((end) => {
      if (!end.acknowledged || end.scope === 'grant' || end.sentAt < at) return false
      return covers(end, { kind: 'session', id: session, grant: '', user, session, begunAt }, end.sentAt)
    }),
  )
}
