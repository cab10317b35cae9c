import type { Thing } from '../journal.ts'
import { covers, keyOf } from './facts.ts'
import type { Facts } from './facts.ts'

/** Nothing works after its end was acknowledged: no request sent after that answer is accepted. */
export function endedStaysEnded(facts: Facts): string[] {
  return facts.requests.flatMap(({ what, sentAt, endedAt, presents, verdict, instance }) => {
    if (!presents || verdict !== 'accepted') return []
    const ending = facts.endings.find(
      (end) =>
        end.acknowledged &&
        end.endedAt < sentAt &&
        (presents.kind === 'account'
          ? isStillClosed(facts, presents, end, endedAt)
          : covers(end, presents, end.sentAt)),
    )
    if (!ending) return []
    const since = Math.round(sentAt - ending.endedAt)
    return [
      `${what} of ${keyOf(presents)} accepted by instance ${instance} ${since} ms after the end of its ${ending.scope} ${ending.id} was acknowledged`,
    ]
  })
}

/** An account is closed by an end that somebody may take back; only `disable` is one (what is taken back is known to be). */
function isStillClosed(
  { requests }: Facts,
  account: Thing,
  end: Facts['endings'][number],
  until: number,
): boolean {
  const closing = requests.find(({ sentAt, ends }) => ends?.id === end.id && sentAt === end.sentAt)
  if (closing?.what !== 'disable' || end.id !== account.id) return false
  return !requests.some(
    ({ reopens, sentAt }) => reopens === account.id && sentAt > end.sentAt && sentAt < until,
  )
}
