import { describe, expect, test } from '@jest/globals'
import { networkOf } from '../../../src/users/network.ts'
import {
  countersOfAccount,
  otpCounters,
  passwordCounters,
  recoveryCodeCounters,
} from '../../../src/users/throttle-counters.ts'
import { defaultThrottlePolicy } from '../../../src/users/throttle-policy.ts'

const user = '01900000-0000-7000-8000-000000000001'
const password = (account: string, ip: string) =>
  passwordCounters(defaultThrottlePolicy.password, { account, ip, device: null }).map(({ key }) => key)

describe('networkOf', () => {
  test.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '20010db800010002::/64'],
    ['2001:DB8:1:2::ffff', '20010db800010002::/64'],
    ['2001:db8:1:3::1', '20010db800010003::/64'],
    ['fe80::1%eth0', 'fe80000000000000::/64'],
    ['a', 'unknown'],
    ['', 'unknown'],
    ['192.0.2.7, 198.51.100.1', 'unknown'],
    ['192.0.2.7:443', 'unknown'],
    ['\u0000', 'unknown'],
  ])('counts %j under %j (TH-06)', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

describe('password counters', () => {
  test('a stranger is counted by account and network, by account, by network', () => {
    const [one, two, three] = password('ada@example.test', '192.0.2.7')
    expect(password('ada@example.test', '192.0.2.7')).toEqual([one, two, three])
    expect(password('ada@example.test', '192.0.2.8')).toEqual([
      expect.not.stringMatching(one ?? ''),
      two,
      expect.any(String),
    ])
    expect(password('bob@example.test', '192.0.2.7')[2]).toBe(three)
    expect(password('bob@example.test', '192.0.2.7')).not.toContain(two)
  })

  test('a known device is counted by itself alone (TH-03)', () => {
    const device = { nonce: 'AAAAAAAAAAAAAAAAAAAAAA', issuedAt: new Date() }
    const keysFrom = (ip: string) =>
      passwordCounters(defaultThrottlePolicy.password, { account: 'ada@example.test', ip, device }).map(
        ({ key }) => key,
      )
    expect(keysFrom('192.0.2.7')).toEqual(keysFrom('198.51.100.1'))
    expect(keysFrom('192.0.2.7')).toHaveLength(1)
    for (const key of password('ada@example.test', '192.0.2.7'))
      expect(keysFrom('192.0.2.7')).not.toContain(key)
  })

  test('keys show neither e-mail nor address, and look alike for everyone', () => {
    for (const key of [...password('ada@example.test', '192.0.2.7'), ...password('not an address', 'a')]) {
      expect(key).toMatch(/^password\.(account-network\/[\w-]{43}|account|network)\/[\w-]{43}$/)
    }
  })
})

test('unlocking an account reaches every counter that can block it, and no one else’s', () => {
  const { keys, prefix } = countersOfAccount({ id: user, email: 'ada@example.test' })
  const blocking = [
    ...password('ada@example.test', '192.0.2.7').slice(0, 2),
    ...otpCounters(defaultThrottlePolicy.otp, user).map(({ key }) => key),
    ...recoveryCodeCounters(defaultThrottlePolicy.recoveryCode, user).map(({ key }) => key),
  ]
  const reached = (key: string) => keys.includes(key) || key.startsWith(prefix)
  expect(blocking.filter((key) => !reached(key))).toEqual([])
  expect(password('ada@example.test.evil.test', '192.0.2.7').filter(reached)).toEqual([])
})
