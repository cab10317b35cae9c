import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  checkPassword,
  defaultThrottlePolicy,
  networkCounters,
  reserveAttempt,
} from '../../src/users/index.ts'
import { openRoom, PASSWORD } from '../integration/users/room.ts'
import type { Room } from '../integration/users/room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

async function evaluatedOf(email: string, addresses: string[]): Promise<number> {
  const before = room.hasher.stats().comparisons
  for (const ip of addresses) await checkPassword(room, { email, ip, password: 'guess' })
  return room.hasher.stats().comparisons - before
}
const times = (count: number, address: (nth: number) => string) =>
  Array.from({ length: count }, (_, nth) => address(nth))

describe('changing one’s address', () => {
  test('within one IPv6 customer’s network buys no attempts (TH-06)', async () => {
    const user = await room.addUser()
    expect(
      await evaluatedOf(
        user.email,
        times(30, (nth) => `2001:db8:1:1::${nth.toString(16)}`),
      ),
    ).toBe(10)
  })

  test('between spellings of one address buys no attempts (TH-06)', async () => {
    const user = await room.addUser()
    const spellings = ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:0201', '0:0:0:0:0:ffff:192.0.2.1']
    expect(
      await evaluatedOf(
        user.email,
        times(40, (nth) => spellings[nth % 4] ?? ''),
      ),
    ).toBe(10)
  })

  test('within one IPv6 customer’s /48 buys four times as many against all accounts, not 65,536 times (TH-06)', async () => {
    const { network } = defaultThrottlePolicy.password
    const policy = { ...network, limit: 10 }
    let counted = 0
    for (let nth = 0; nth < 100; nth += 1) {
      const ip = `2001:db8:77:${(nth * 257).toString(16)}::1`
      const reserved = await reserveAttempt(
        room.database.prisma,
        networkCounters('rotation', policy, ip),
        room.now(),
      )
      if (reserved.ok) counted += 1
    }
    expect(counted).toBe(40)
  })

  test('to garbage buys no attempts (TH-06)', async () => {
    const user = await room.addUser()
    expect(
      await evaluatedOf(
        user.email,
        times(30, (nth) => ['a', '', 'unknown', `x${nth}`][nth % 4] ?? ''),
      ),
    ).toBe(10)
  })

  test('altogether buys a hundred evaluations; the 101st, with the right password, is refused (TH-01)', async () => {
    const user = await room.addUser()
    expect(
      await evaluatedOf(
        user.email,
        times(130, (nth) => `198.51.${nth}.1`),
      ),
    ).toBe(100)
    const verdict = await checkPassword(room, { email: user.email, ip: '203.0.113.1', password: PASSWORD })
    expect(verdict).toEqual({ ok: false, reason: 'throttled', retryAfter: 3600 })
  })
})

test('no address and no e-mail can be read from what is stored (TH-06)', async () => {
  await checkPassword(room, { email: 'unknown@example.test', ip: '203.0.113.77', password: 'guess' })
  const rows = await room.database.prisma.attemptCounter.findMany()
  expect(rows.length).toBeGreaterThan(0)
  expect(JSON.stringify(rows)).not.toMatch(/203\.0\.113|2001:db8|example/)
})
