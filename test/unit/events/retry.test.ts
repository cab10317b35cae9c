import { describe, expect, test } from '@jest/globals'
import { delayAfter, outcomeOf } from '../../../src/events/retry.ts'

const middle = () => 0.5
const fresh = { attempts: 1, ageSeconds: 0 }

describe('the wait before the next attempt (FT-21)', () => {
  test('begins with five seconds, doubles, and is never longer than a quarter of an hour', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 500].map((attempts) => delayAfter(attempts, middle))
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900])
  })

  test('is spread by a quarter to either side', () => {
    expect(delayAfter(1, () => 0)).toBe(3.75)
    expect(delayAfter(1, () => 1)).toBe(6.25)
  })
})

describe('what an attempt amounts to', () => {
  test.each([200, 204])('%i is success (OpenID Connect Back-Channel Logout §2.8)', (status) => {
    expect(outcomeOf({ status }, fresh)).toEqual({ state: 'delivered' })
  })

  test.each([
    [{ status: 500 }, 'http_500'],
    [{ status: 302 }, 'http_302'],
    [{ status: 201 }, 'http_201'],
    [{ status: 404 }, 'http_404'],
    [{ failure: 'timeout' }, 'timeout'],
    [{ failure: 'blocked' }, 'blocked'],
  ])('%j is tried again after many attempts (FT-21)', (answer, error) => {
    for (const attempts of [1, 3, 50])
      expect(outcomeOf(answer, { attempts, ageSeconds: 3600 }, middle)).toEqual({
        ...{ state: 'queued', error },
        retryInSeconds: delayAfter(attempts, middle),
      })
  })

  test('a no is taken the third time (§2.8)', () => {
    const answers = [1, 2, 3].map((attempts) => outcomeOf({ status: 400 }, { attempts, ageSeconds: 60 }))
    expect(answers.map(({ state }) => state)).toEqual(['queued', 'queued', 'failed'])
    expect(answers[2]).toEqual({ state: 'failed', error: 'http_400' })
  })

  test('without an address it is over at once', () => {
    expect(outcomeOf({ failure: 'no_address' }, fresh)).toEqual({ state: 'failed', error: 'no_address' })
  })

  test('an attempt that would come after a day is not made (FT-21)', () => {
    const late = { attempts: 40, ageSeconds: 24 * 3600 - 800 }
    expect(outcomeOf({ failure: 'refused' }, late, middle)).toEqual({ state: 'failed', error: 'refused' })
  })
})
