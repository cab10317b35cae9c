import { describe, expect, test } from '@jest/globals'
import { check } from '../../../faults/check/check.ts'
import type { Entry, RequestEntry } from '../../../faults/index.ts'
import { goodEnd, limits, request } from './journals.ts'

const broken = (...entries: Entry[]) => check([...entries, ...goodEnd], limits).map(({ what }) => what)

const disable = (sentAt: number, acknowledged = true): RequestEntry =>
  request(sentAt, {
    ...{ what: 'disable', acknowledged, ends: { scope: 'user', id: 'pat' } },
    tells: [
      { event: 'user.disabled', user: 'pat', reason: null },
      { event: 'access.revoked', user: 'pat', reason: `key-${sentAt}` },
    ],
  })
const enable = (sentAt: number) =>
  request(sentAt, {
    ...{ what: 'enable', acknowledged: true, reopens: 'pat' },
    tells: [{ event: 'user.enabled', user: 'pat', reason: null }],
  })

let nth = 0
const told = (
  at: number,
  event: string,
  { reason = null, status = 200, user = 'pat', id }: Given = {},
): Entry => ({
  ...{ type: 'told', id: id ?? `evt_${(nth += 1)}`, event, user, reason, at, status },
})
type Given = { reason?: string | null; status?: number | null; user?: string; id?: string }
const disabled = (at: number, key = 'key-1000') => [
  told(at, 'user.disabled'),
  told(at + 1, 'access.revoked', { reason: key }),
]

describe('what a webhook is told', () => {
  test('is every change that was acknowledged, in the order in which it happened', () => {
    expect(broken(disable(1000), ...disabled(2000), enable(3000), told(3100, 'user.enabled'))).toEqual([])
  })

  test('once at least: what never came, was not taken, was another or came too late breaks a promise', () => {
    const never = 'access.revoked of pat, acknowledged after 1000 ms, was never told'
    expect(broken(disable(1000), told(2000, 'user.disabled'))).toEqual([never])
    const [first, second] = disabled(2000)
    if (!first || !second) throw new Error('nothing told')
    expect(broken(disable(1000), first, { ...second, status: 500 } as Entry)).toEqual([never])
    expect(broken(disable(1000), first, { ...second, user: 'kim' } as Entry)).toEqual([never])
    expect(broken(disable(1000), ...disabled(2000, 'key-9'))).toEqual([never])
    expect(broken(disable(1000), ...disabled(60_001))).toHaveLength(2)
  })

  test('may come again, and at first in vain', () => {
    const twice = told(2000, 'user.disabled', { id: 'evt_x', status: null })
    const again = { ...twice, at: 2100, status: 200 } as Entry
    const revoked = told(2200, 'access.revoked', { reason: 'key-1000' })
    expect(broken(disable(1000), twice, again, revoked, { ...again, at: 2300 } as Entry)).toEqual([])
  })

  test('is in order for one user: what was taken before an earlier change breaks a promise', () => {
    const early = told(1900, 'user.enabled')
    expect(broken(disable(1000), enable(1500), early, ...disabled(2000))).toEqual([
      'user.enabled of pat, acknowledged after 1500 ms, was told too early or too late',
    ])
    expect(broken(disable(1000), told(1900, 'user.enabled', { user: 'kim' }), ...disabled(2000))).toEqual([])
  })

  test('is nothing that nobody promised: no answer, and enabling somebody who may never have been disabled', () => {
    expect(broken(disable(1000, false))).toEqual([])
    expect(broken(disable(1000, false), enable(1500))).toEqual([])
  })
})
