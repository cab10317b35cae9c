import type { ListedEvent } from '../../audit/index.ts'

const MOST_MS = 5000

/**
 * Leaves out the failure of a button pressed twice: of two posts of the same right code, one wins, and the other finds it spent. That is
 * no wrong code and nobody else's attempt. Known by the sign-in that the code was good for, from the same address a moment before or after; a
 * spent code that comes later, or from elsewhere, stays.
 */
export function withoutPressedTwice(events: readonly ListedEvent[]): ListedEvent[] {
  const wins = events.filter(({ type }) => type === 'sign_in.totp_ok')
  return events.filter((event) => !wins.some((win) => isSecondPress(event, win)))
}

function isSecondPress({ type, detail, ip, at }: ListedEvent, win: ListedEvent): boolean {
  if (type !== 'sign_in.totp_failed' || detail['replayed'] !== true || ip !== win.ip) return false
  return Math.abs(Date.parse(at) - Date.parse(win.at)) <= MOST_MS
}
