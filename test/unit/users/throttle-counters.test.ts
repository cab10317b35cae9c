import { mailAddressCounters } from '../../../src/users/mail-throttle.ts'
import { describe, expect, test } from '@jest/globals'
import { networkOf, networksOf } from '../../../src/users/network.ts'
import {
  countersOfAccount,
  networkCounters,
  otpCounters,
  passkeyCounters,
  passwordCounters,
  recoveryCodeCounters,
} from '../../../src/users/throttle-counters.ts'
import { defaultThrottlePolicy } from '../../../src/users/throttle-policy.ts'

const user = '01900000-0000-7000-8000-000000000001'
const password = (account: string, ip: string) =>
  passwordCounters(defaultThrottlePolicy.password, { account, ip, browser: null }).map(({ key }) => key)

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

describe('networksOf', () => {
  test('of an IPv6 address are three, the wider ones with more, so that changing within a /48 buys little (TH-06)', () => {
    expect(networksOf('2001:db8:1:2:3:4:5:6')).toEqual([
      { name: '20010db800010002::/64', times: 1 },
      { name: '20010db8000100::/56', times: 2 },
      { name: '20010db80001::/48', times: 4 },
    ])
    const { network } = defaultThrottlePolicy.password
    const limits = networkCounters('x', network, '2001:db8::1').map(({ policy }) => policy.limit)
    expect(limits).toEqual([300, 600, 1200])
  })

  test('of an IPv4 address and of garbage are one', () => {
    expect(networksOf('192.0.2.7')).toEqual([{ name: '192.0.2.7', times: 1 }])
    expect(networksOf('garbage')).toEqual([{ name: 'unknown', times: 1 }])
  })
})

describe('codes', () => {
  test('from a known browser are counted by it, so that strangers who know the password do not keep the owner out (TH-03, MF-05)', () => {
    const [browser, other] = ['01900000-0000-7000-8000-00000000000b', '01900000-0000-7000-8000-00000000000c']
    const { otp, recoveryCode } = defaultThrottlePolicy
    const known = [...otpCounters(otp, user, browser), ...recoveryCodeCounters(recoveryCode, user, browser)]
    const unknown = [...otpCounters(otp, user), ...recoveryCodeCounters(recoveryCode, user)]
    expect(known.map(({ policy }) => policy)).toEqual(unknown.map(({ policy }) => policy))
    for (const { key } of known) {
      expect(unknown.map((counter) => counter.key)).not.toContain(key)
      expect(otpCounters(otp, user, other).map((counter) => counter.key)).not.toContain(key)
    }
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

  test('a known browser is counted by itself alone (TH-03)', () => {
    const browser = '01900000-0000-7000-8000-00000000000b'
    const keysFrom = (ip: string) =>
      passwordCounters(defaultThrottlePolicy.password, { account: 'ada@example.test', ip, browser }).map(
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
  const id = '01900000-0000-7000-8000-00000000000b'
  const { keys, prefixes } = countersOfAccount({ id: user, email: 'ada@example.test' }, [{ id }])
  const known = { account: 'ada@example.test', ip: '192.0.2.7', browser: id }
  const blocking = [
    ...password('ada@example.test', '192.0.2.7').slice(0, 2),
    ...otpCounters(defaultThrottlePolicy.otp, user).map(({ key }) => key),
    ...recoveryCodeCounters(defaultThrottlePolicy.recoveryCode, user).map(({ key }) => key),
    ...passwordCounters(defaultThrottlePolicy.password, known).map(({ key }) => key),
    ...otpCounters(defaultThrottlePolicy.otp, user, id).map(({ key }) => key),
    ...recoveryCodeCounters(defaultThrottlePolicy.recoveryCode, user, id).map(({ key }) => key),
    ...(['reset', 'unlock'] as const).flatMap((purpose) =>
      [null, id].flatMap((browser) =>
        mailAddressCounters({ email: known.account, ip: known.ip, browser, purpose }).map(({ key }) => key),
      ),
    ),
  ]
  const byPasskey = { userId: user, passkey: 'AAAA', ip: '2001:db8::1' }
  for (const browser of [null, id])
    blocking.push(
      ...passkeyCounters(defaultThrottlePolicy.otp.user, { ...byPasskey, browser }).map(({ key }) => key),
    )
  const reached = (key: string) => keys.includes(key) || prefixes.some((prefix) => key.startsWith(prefix))
  expect(blocking.filter((key) => !reached(key))).toEqual([])
  expect(password('ada@example.test.evil.test', '192.0.2.7').filter(reached)).toEqual([])
})
