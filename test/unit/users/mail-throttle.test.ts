import { describe, expect, test } from '@jest/globals'
import { mailCodeCounters, mailRequestCounters } from '../../../src/users/mail-throttle.ts'

const email = 'ada@example.com'
const keysOf = (counters: readonly { key: string }[]) => counters.map(({ key }) => key)
const shared = (these: string[], those: string[]) => these.filter((key) => those.includes(key))

describe('what makes us write a mail', () => {
  test('is counted for the wider networks of an IPv6 address too: changing within a /48 buys little (HT-05, TH-06)', () => {
    const limits = (ip: string) =>
      mailRequestCounters({ email, ip })
        .filter(({ key }) => key.startsWith('mail-request.network/'))
        .map(({ policy }) => policy.limit)
    expect(limits('2001:db8:1:2::1')).toEqual([40, 80, 160])
    expect(limits('192.0.2.1')).toEqual([40])
    const [one, other] = ['2001:db8:1:2::1', '2001:db8:1:f003::1'].map((ip) =>
      keysOf(mailRequestCounters({ email, ip })),
    )
    expect(shared(one ?? [], other ?? [])).toHaveLength(1)
  })
})

describe('a code from a mail', () => {
  const [here, there] = ['192.0.2.1', '192.0.2.2']
  const keys = (ip: string, purpose: 'reset' | 'unlock') => keysOf(mailCodeCounters({ email, ip, purpose }))

  test('that unlocks is counted for the address apart in each network: no stranger shuts it (TH-03)', () => {
    expect(shared(keys(here, 'unlock'), keys(there, 'unlock'))).toEqual([])
  })

  test('with a link beside it is counted for the address, wherever it comes from (TH-01)', () => {
    expect(shared(keys(here, 'reset'), keys(there, 'reset'))).toHaveLength(1)
  })
})
