import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf } from './environment.ts'

describe('throttling', () => {
  test('trusts no browser unless told, and raises the alarm at a thousand wrong passwords (MF-06)', () => {
    const { secondFactor, limits } = configOf({})
    expect(secondFactor.trustedBrowserDays).toBe(0)
    expect(limits.stuffingFailures).toBe(1000)
  })

  test('takes days up to a season, and a threshold or none', () => {
    const config = configOf({ CARDEA_TRUSTED_BROWSER_DAYS: '30', CARDEA_STUFFING_THRESHOLD: '0' })
    expect([config.secondFactor.trustedBrowserDays, config.limits.stuffingFailures]).toEqual([30, 0])
  })

  test.each([
    ['CARDEA_TRUSTED_BROWSER_DAYS', '91'],
    ['CARDEA_TRUSTED_BROWSER_DAYS', '-1'],
    ['CARDEA_TRUSTED_BROWSER_DAYS', '1.5'],
    ['CARDEA_STUFFING_THRESHOLD', 'never'],
  ])('refuses %s=%s', (variable, text) => {
    expect(problemsOf({ [variable]: text })).toContainEqual(expect.objectContaining({ variable }))
  })
})
