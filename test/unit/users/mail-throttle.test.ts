import { describe, expect, test } from '@jest/globals'
import { mailAddressCounters, mailCodeCounters, mailFormCounters } from '../../../src/users/mail-throttle.ts'

const email = 'ada@example.com'
const keysOf = (counters: readonly { key: string }[]) => counters.map(({ key }) => key)
const shared = (these: string[], those: string[]) => these.filter((key) => those.includes(key))

describe('what makes us write a mail', () => {
  test('is counted for the wider networks of an IPv6 address too: changing within a /48 buys little (HT-05, TH-06)', () => {
    const limits = (ip: string) => mailFormCounters({ ip }).map(({ policy }) => policy.limit)
    expect(limits('2001:db8:1:2::1')).toEqual([40, 80, 160])
    expect(limits('192.0.2.1')).toEqual([40])
    const [one, other] = ['2001:db8:1:2::1', '2001:db8:1:f003::1'].map((ip) =>
      keysOf(mailFormCounters({ ip })),
    )
    expect(shared(one ?? [], other ?? [])).toHaveLength(1)
  })

  test('is not counted for the network from a browser that is known for the address (TH-03)', () => {
    expect(mailFormCounters({ ip: '192.0.2.1', browser: 'known' })).toEqual([])
  })

  test('is counted for the address: in all of a /48 together, apart in each other network, in known browsers and for ways out of a wait (TH-03)', () => {
    const asking = { email, ip: '2001:db8:1:2::1', browser: null, purpose: 'reset' } as const
    const key = (other: Partial<Parameters<typeof mailAddressCounters>[0]> = {}) =>
      keysOf(mailAddressCounters({ ...asking, ...other }))[0]
    expect(key({ ip: '2001:db8:1:f003::9' })).toBe(key())
    expect(key({ purpose: 'register' })).toBe(key())
    const others = [
      { ip: '2001:db8:2:2::1' },
      { email: 'eve@example.com' },
      { browser: 'known' },
      { browser: 'known too' },
      { purpose: 'unlock' },
      { purpose: 'unlock', browser: 'known' },
    ] as const
    expect(new Set([key(), ...others.map(key)]).size).toBe(others.length + 1)
  })
})

describe('a way out of a wait', () => {
  const asking = (ip: string) => mailAddressCounters({ email, ip, browser: null, purpose: 'unlock' })

  test('is shut for a quarter of an hour at first by what a stranger behind the same router asks for, and never for more than an hour (TH-03)', () => {
    const policies = asking('192.0.2.1').map(({ policy }) => policy)
    expect(policies).toMatchObject([{ limit: 3, every: 1, blockSeconds: 900, maxBlockSeconds: 3600 }])
  })

  test('is counted by the narrowest network, and the /48 has four times as much (TH-03, TH-06)', () => {
    const [one, neighbour, elsewhere] = ['2001:db8:1:2::1', '2001:db8:1:f003::9', '2001:db8:2::1'].map(asking)
    expect(one?.map(({ policy }) => policy.limit)).toEqual([3, 12])
    expect(shared(keysOf(one ?? []), keysOf(neighbour ?? []))).toEqual([one?.[1]?.key])
    expect(shared(keysOf(one ?? []), keysOf(elsewhere ?? []))).toEqual([])
  })
})

describe('a code from a mail', () => {
  const [here, there] = ['192.0.2.1', '192.0.2.2']
  const counters = (ip: string, purpose: 'reset' | 'unlock', browser: string | null = null) =>
    mailCodeCounters({ email, ip, purpose, browser, userId: 'ada' })
  const keys = (...asked: Parameters<typeof counters>) => keysOf(counters(...asked))

  test('that unlocks is counted for the address apart in each network: no stranger shuts it (TH-03)', () => {
    expect(shared(keys(here, 'unlock'), keys(there, 'unlock'))).toEqual([])
  })

  test('with a link beside it is counted for the address, wherever it comes from (TH-01)', () => {
    expect(shared(keys(here, 'reset'), keys(there, 'reset'))).toHaveLength(1)
  })

  test('from a browser that is known is counted for that browser alone, and nobody waits longer than the failures say (TH-03)', () => {
    expect(shared(keys(here, 'reset', 'known'), keys(here, 'reset'))).toEqual([])
    expect(shared(keys(here, 'unlock', 'known'), keys(here, 'unlock'))).toEqual([])
    expect(keys(here, 'reset', 'known')).toEqual(keys(there, 'reset', 'known'))
    for (const { policy } of [...counters(here, 'reset'), ...counters(here, 'unlock')])
      expect(policy.blockSeconds).toBeLessThanOrEqual(3600)
  })
})
