import { describe, expect, test } from '@jest/globals'
import {
  blockSchedule,
  defaultThrottlePolicy,
  secondsUntil,
  tightened,
} from '../../../src/users/throttle-policy.ts'
import type { CounterPolicy } from '../../../src/users/throttle-policy.ts'

const policy = (blockSeconds: number, maxBlockSeconds: number): CounterPolicy => ({
  limit: 5,
  windowSeconds: 60,
  renews: true,
  blockSeconds,
  maxBlockSeconds,
  clearedBySuccess: true,
})
const { stuffing: _stuffing, ...limits } = defaultThrottlePolicy
const every = Object.entries(limits).flatMap(([factor, counters]) =>
  Object.entries(counters as Record<string, CounterPolicy>).map(([name, counter]) => ({
    name: `${factor}.${name}`,
    counter,
  })),
)

describe('blockSchedule', () => {
  test.each([
    [900, 86_400, [900, 1800, 3600, 7200, 14_400, 28_800, 57_600, 86_400]],
    [3600, 3600, [3600]],
    [60, 100, [60, 100]],
    [60, 120, [60, 120]],
    [500, 100, [100]],
  ])('doubles a first block of %d s up to a cap of %d s', (first, cap, expected) => {
    expect(blockSchedule(policy(first, cap))).toEqual(expected)
  })
})

describe('secondsUntil', () => {
  const now = new Date('2026-11-21T12:00:00.000Z')
  test.each([
    ['2026-11-21T12:15:00.000Z', 900],
    ['2026-11-21T12:00:00.001Z', 1],
    ['2026-11-21T12:00:00.000Z', 1],
    ['2026-11-21T11:00:00.000Z', 1],
    ['2026-11-21T12:00:10.001Z', 11],
  ])('is whole seconds up to %s and never zero', (until, expected) => {
    expect(secondsUntil(new Date(until), now)).toBe(expected)
  })
})

/** What twelve failures too many cost altogether, in seconds. */
function everyBlock(counter: CounterPolicy): number {
  const blocks = blockSchedule(counter)
  const cost = (nth: number) => blocks[Math.min(nth, blocks.length - 1)] ?? 0
  return Array.from({ length: 12 }, (_, nth) => cost(nth)).reduce((sum, seconds) => sum + seconds, 0)
}

describe('the default policy', () => {
  test('delays wrong passwords by 1, 2, 4 … seconds after ten, up to an hour (TH-01)', () => {
    const { accountNetwork, browser } = defaultThrottlePolicy.password
    for (const counter of [accountNetwork, browser]) {
      expect([counter.limit, counter.every]).toEqual([10, 1])
      expect(blockSchedule(counter)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600])
    }
  })

  test('gives less to unknown browsers during the alarm, and to known ones what they have (TH-03)', () => {
    const usual = defaultThrottlePolicy.password
    const { accountNetwork, network, account, browser } = tightened(usual)
    expect([accountNetwork.limit, accountNetwork.blockSeconds]).toEqual([2, 60])
    expect([network.limit, network.blockSeconds]).toEqual([60, 60])
    expect([account, browser]).toEqual([usual.account, usual.browser])
  })

  test.each(every)(
    '$name blocks for a limited time, after no more failures than the spec lets through (TH-01)',
    ({ name, counter }) => {
      expect(counter.limit).toBeGreaterThan(1)
      expect(counter.limit).toBeLessThanOrEqual(name === 'password.network' ? 300 : 100)
      expect(everyBlock(counter)).toBeGreaterThanOrEqual(15 * 60)
      expect(counter.maxBlockSeconds).toBeLessThanOrEqual(24 * 3600)
    },
  )

  test('a success clears no counter that other accounts or other networks share (TH-05)', () => {
    const kept = every.filter(({ counter }) => !counter.clearedBySuccess).map(({ name }) => name)
    expect(kept).toEqual(['password.account', 'password.network', 'otp.userPerDay'])
  })

  test('codes of six digits get five attempts (MF-05)', () => {
    expect(defaultThrottlePolicy.otp.user.limit).toBe(5)
    expect(defaultThrottlePolicy.otpEnrolment.user.limit).toBe(5)
  })
})
