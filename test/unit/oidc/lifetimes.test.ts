import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { now, refreshTokenEnd, sessionEnd, ttl } from '../../../src/oidc/lifetimes.ts'

const NOW = 1_800_000_000
const lifetimes = {
  accessToken: 600,
  refreshTokenIdle: 1000,
  refreshTokenAbsolute: 5000,
  sessionIdle: 300,
  sessionAbsolute: 2000,
}
beforeEach(() => void jest.spyOn(Date, 'now').mockReturnValue(NOW * 1000 + 999))
afterEach(() => void jest.restoreAllMocks())

test('now is the second that began last, as the engine counts it', () => expect(now()).toBe(NOW))

describe('a session', () => {
  test.each([
    [undefined, NOW + 300],
    [NOW, NOW + 300],
    [NOW - 1700, NOW + 300],
    [NOW - 1701, NOW + 299],
    [NOW - 1999, NOW + 1],
    [NOW - 2000, NOW],
    [NOW - 9999, NOW - 7999],
  ])('begun at %s ends at %s: idle time on, absolute time at most (SE-03)', (loginTs, end) => {
    expect(sessionEnd(loginTs, lifetimes)).toBe(end)
  })
})

describe('a refresh token', () => {
  test.each([
    [NOW, NOW + 1000],
    [NOW - 4000, NOW + 1000],
    [NOW - 4001, NOW + 999],
    [NOW - 5000, NOW],
  ])('whose family began at %s ends at %s (RT-05)', (familyStart, end) => {
    expect(refreshTokenEnd(familyStart, lifetimes)).toBe(end)
  })
})

describe('the lifetimes of the engine', () => {
  const call = (
    name: 'AccessToken' | 'ClientCredentials' | 'RefreshToken' | 'Session',
    model: object,
  ): unknown => (ttl(lifetimes)[name] as (ctx: unknown, model: unknown) => unknown)(undefined, model)

  test('are those of the API for its access tokens, ours for others (RV-05)', () => {
    for (const name of ['AccessToken', 'ClientCredentials'] as const) {
      expect(call(name, {})).toBe(600)
      expect(call(name, { resourceServer: { accessTokenTTL: 120 } })).toBe(120)
    }
  })

  test('are never zero or negative, which the engine takes for a bug (FT-15)', () => {
    expect(call('RefreshToken', { iiat: NOW - 9999 })).toBe(1)
    expect(call('Session', { loginTs: NOW - 9999 })).toBe(1)
    expect(call('RefreshToken', {})).toBe(1000)
    expect(call('Session', {})).toBe(300)
  })

  test('keep a grant longer than anything issued under it (M16), and a code a minute at most (CO-04)', () => {
    const { Grant, AuthorizationCode, IdToken } = ttl(lifetimes)
    expect(Grant).toBeGreaterThanOrEqual(lifetimes.sessionAbsolute + lifetimes.refreshTokenAbsolute)
    expect(AuthorizationCode).toBeLessThanOrEqual(60)
    expect(IdToken).toBeLessThanOrEqual(600)
  })
})
