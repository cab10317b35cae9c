import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { checkPassword, createPasswordHasher } from '../../src/users/index.ts'
import { openRoom, PASSWORD } from '../integration/users/room.ts'
import type { Room } from '../integration/users/room.ts'

let room: Room
let emails: Record<string, string>
let serial = 0
beforeAll(async () => {
  room = await openRoom()
  emails = {
    known: (await room.addUser()).email,
    disabled: (await room.addUser({ disabled: true })).email,
    passwordless: (await room.addUser({ password: null })).email,
    unknown: 'nobody@example.test',
    'no address at all': 'nobody',
  }
})
afterAll(() => room.close())

// Each from an address of its own, so that no counter interferes.
const freshAddress = () => `2001:db8:${(serial += 1).toString(16)}::1`
const guess = (email: string, password = 'guess', ip = freshAddress()) =>
  checkPassword(room, { email, password, ip })

describe('a wrong password tells nothing about the user (TH-04)', () => {
  test('the answer is the same for known, disabled, passwordless, unknown', async () => {
    for (const email of Object.values(emails))
      expect(await guess(email)).toEqual({ ok: false, reason: 'wrong' })
  })

  test('so is the right one of a disabled user', async () => {
    expect(await guess(emails['disabled'] ?? '', PASSWORD)).toEqual({ ok: false, reason: 'wrong' })
  })

  test.each(['guess', '', ' ', 'x'.repeat(1024)])(
    'each costs exactly one comparison: %#',
    async (password) => {
      for (const email of Object.values(emails)) {
        const before = room.hasher.stats().comparisons
        await guess(email, password)
        expect(room.hasher.stats().comparisons - before).toBe(1)
      }
    },
  )

  test('each leaves as many counters and events behind', async () => {
    for (const email of Object.values(emails)) {
      // The account's own counter comes with the first guess and stays.
      await guess(email)
      const before = await traces()
      await guess(email)
      const after = await traces()
      expect([after.counters - before.counters, after.events - before.events]).toEqual([4, 1])
    }
  })

  test('each is blocked after as many attempts, for as long', async () => {
    const blocks = []
    for (const email of Object.values(emails)) {
      const ip = freshAddress()
      for (let nth = 0; nth < 10; nth += 1)
        expect(await guess(email, 'guess', ip)).toEqual({ ok: false, reason: 'wrong' })
      blocks.push(await guess(email, PASSWORD, ip))
    }
    expect(new Set(blocks.map((block) => JSON.stringify(block)))).toEqual(
      new Set(['{"ok":false,"reason":"throttled","retryAfter":1}']),
    )
  })

  test('each takes as much work, also while hashes are older than the parameters', async () => {
    const grown = createPasswordHasher({ memoryKiB: 19_456, passes: 4, concurrency: 1 })
    const { known = '', disabled = '', passwordless = '', unknown = '' } = emails
    const spent: Record<string, number[]> = { [known]: [], [disabled]: [], [passwordless]: [], [unknown]: [] }
    for (let round = 0; round < 15; round += 1) {
      for (const [email, samples] of Object.entries(spent))
        samples.push(
          await processorTime(() =>
            checkPassword({ ...room, hasher: grown }, { email, password: 'guess', ip: freshAddress() }),
          ),
        )
      room.turnClock(3600)
    }
    const medians = Object.values(spent).map(median)
    // An answer without a hash would take a tenth of it, one on an old hash half: far outside of what noise does to medians.
    expect(Math.min(...medians) / Math.max(...medians)).toBeGreaterThan(0.7)
  })
})

/** Time on the processor, which a busy machine stretches less than time on the wall. */
async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

async function traces() {
  const { prisma } = room.database
  return { counters: await prisma.attemptCounter.count(), events: await prisma.auditEvent.count() }
}

function median(samples: number[]): number {
  return [...samples].sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0
}
