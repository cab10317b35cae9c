import { describe, expect, test } from '@jest/globals'
import { withoutPressedTwice } from '../../../src/account/signed-in/pressed-twice.ts'
import type { ListedEvent } from '../../../src/audit/index.ts'

const right: ListedEvent = {
  ...{ id: '1', at: '2026-11-22T10:00:00.000Z', type: 'sign_in.totp_ok', user_id: 'pat', ip: '198.51.100.7' },
  detail: {},
}
const spent: ListedEvent = {
  ...{ ...right, id: '2', at: '2026-11-22T10:00:00.400Z', type: 'sign_in.totp_failed' },
  detail: { replayed: true },
}

describe('what happened to an account', () => {
  test('has nothing of the second press of a button (MF-03)', () => {
    expect(withoutPressedTwice([spent, right])).toEqual([right])
    // Whoever loses may be recorded first.
    expect(withoutPressedTwice([right, { ...spent, at: '2026-11-22T09:59:59.900Z' }])).toEqual([right])
  })

  test.each<[string, Partial<ListedEvent>]>([
    ['a wrong code', { detail: { replayed: false } }],
    ['a right one from another address', { ip: '203.0.113.9' }],
    ['a right one used again later', { at: '2026-11-22T10:00:09.000Z' }],
    ['something else that came at once', { type: 'sign_in.password_failed' }],
  ])('has %s (MF-03, MF-05)', (_, differs) => {
    const other = { ...spent, ...differs }
    expect(withoutPressedTwice([other, right])).toEqual([other, right])
  })

  test('has a spent code with no sign-in beside it (MF-03)', () => {
    expect(withoutPressedTwice([spent])).toEqual([spent])
  })
})
