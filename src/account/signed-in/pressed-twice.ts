import type { ListedEvent } from '../../audit/index.ts'

const MOST_MS = 5000

/**
 * Leaves out the failure of a button pressed twice: of two posts of the same right code, or the same answer of a
 * passkey, one wins, and the other finds it spent. That is nothing wrong and nobody else's attempt. Known by the sign-in that it was good for, from the same address a moment before or after; a
 * spent one that comes later, or from elsewhere, stays.
 */
export function withoutPressedTwice(events: readonly ListedEvent[]): ListedEvent[] {
  const wins = events.filter(({ type }) => type in spentAfter)
  return events.filter((event) => !wins.some((win) => isSecondPress(event, win)))
}

/** How a failure for want of an unspent proof looks, after a success with it. */
const spentAfter: Record<string, (event: ListedEvent) => boolean> = {
  'sign_in.totp_ok': ({ type, detail }) => type === 'sign_in.totp_failed' && detail['replayed'] === true,
  'sign_in.passkey_ok': ({ type, detail }) =>
    type === 'sign_in.passkey_failed' && detail['reason'] === 'replayed',
}

function isSecondPress(event: ListedEvent, win: ListedEvent): boolean {
  if (!spentAfter[win.type]?.(event) || event.ip !== win.ip) return false
  return Math.abs(Date.parse(event.at) - Date.parse(win.at)) <= MOST_MS
}
