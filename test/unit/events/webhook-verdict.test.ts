import { describe, expect, test } from '@jest/globals'
import { verdictOn } from '../../../src/events/webhooks/verdict.ts'
import { isTypePattern, wants } from '../../../src/receivers/index.ts'

const healthy = { failures: 0, failingForSeconds: 0 }
const retry = (retryInSeconds: number) => ({ retryInSeconds })

describe('what to do after an attempt at a webhook (FT-22)', () => {
  test('every 2xx is success, and nothing else is', () => {
    for (const status of [200, 201, 202, 204, 299])
      expect(verdictOn({ status }, healthy)).toEqual({ ok: true })
    for (const status of [0, 100, 199, 300, 301, 308, 400, 401, 404, 429, 500, 503])
      expect(verdictOn({ status }, healthy)).toMatchObject({ ok: false, error: `http_${status}` })
    expect(verdictOn({ failure: 'timeout' }, healthy)).toMatchObject({ ok: false, error: 'timeout' })
  })

  test('the pauses grow from five seconds to a day, and stay there', () => {
    const pauses = Array.from({ length: 12 }, (_, failures) => {
      const verdict = verdictOn({ status: 500 }, { failures, failingForSeconds: 0 })
      return verdict.ok || typeof verdict.next === 'string' ? null : verdict.next.retryInSeconds
    })
    expect(pauses.slice(0, 3)).toEqual([5, 300, 1800])
    expect(pauses.slice(-4)).toEqual([86_400, 86_400, 86_400, 86_400])
    expect(pauses).toEqual(pauses.toSorted((a, b) => Number(a) - Number(b)))
  })

  test('the receiver may ask for a longer pause than planned, up to a day, not for a shorter one', () => {
    const asked = (retryAfter: number) =>
      verdictOn({ status: 503, retryAfter }, { failures: 1, failingForSeconds: 0 })
    expect(asked(1)).toMatchObject({ next: retry(300) })
    expect(asked(4000)).toMatchObject({ next: retry(4000) })
    expect(asked(999_999)).toMatchObject({ next: retry(86_400) })
  })

  test('410 ends it, and five days without a success pause it', () => {
    expect(verdictOn({ status: 410 }, healthy)).toMatchObject({ next: 'disable' })
    expect(verdictOn({ status: 500 }, { failures: 9, failingForSeconds: 5 * 86_400 })).toMatchObject({
      next: 'pause',
    })
    expect(verdictOn({ status: 200 }, { failures: 9, failingForSeconds: 5 * 86_400 })).toEqual({ ok: true })
  })
})

describe('the types an endpoint asks for', () => {
  test.each([
    [['*'], 'user.disabled', true],
    [['user.*'], 'user.disabled', true],
    [['user.*'], 'users.disabled', false],
    [['user.disabled'], 'user.disabled', true],
    [['user.disabled'], 'user.disabled.more', false],
    [['sign_in.*', 'consent.granted'], 'consent.granted', true],
    [[], 'user.disabled', false],
  ])('%j and %s: %s', (asked, type, wanted) => {
    expect(wants(asked, type)).toBe(wanted)
  })

  test.each([
    ['*', true],
    ['user.*', true],
    ['user.disabled', true],
    ['', false],
    ['User.disabled', false],
    ['user.', false],
    ['**', false],
    ['*.disabled', false],
    ['user.%', false],
    ['users.disabled', false],
    ['users.*', false],
  ])('%s can be asked for: %s', (text, can) => {
    expect(isTypePattern(text)).toBe(can)
  })
})
