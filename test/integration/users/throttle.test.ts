import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  counterKey,
  giveBack,
  reserveAttempt,
  settleSuccess,
  unlockUser,
  usersSweeps,
} from '../../../src/users/index.ts'
import type { Counter, CounterPolicy, Reservation } from '../../../src/users/index.ts'
import { countersOfAccount } from '../../../src/users/throttle-counters.ts'
import { forgetting } from '../../../src/users/unlock-user.ts'
import { blockSchedule } from '../../../src/users/throttle-policy.ts'
import { openRoom, race } from './room.ts'
import type { Room } from './room.ts'
import { sweepOnce } from '../../support/sweep.ts'

const policy: CounterPolicy = {
  limit: 3,
  windowSeconds: 100,
  renews: true,
  blockSeconds: 60,
  maxBlockSeconds: 240,
  clearedBySuccess: true,
}
let room: Room
let serial = 0
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

const fresh = (changes: Partial<CounterPolicy> = {}): Counter => ({
  key: counterKey('test', String((serial += 1))),
  policy: { ...policy, ...changes },
})
const attempt = (...counters: Counter[]) => reserveAttempt(room.database.prisma, counters, room.now())
const reserved = async (...counters: Counter[]): Promise<Reservation> => {
  const outcome = await attempt(...counters)
  if (!outcome.ok) throw new Error(`refused for ${outcome.retryAfter} s`)
  return outcome.reservation
}
const failuresOf = async ({ key }: Counter) =>
  (await room.database.prisma.attemptCounter.findUnique({ where: { key } }))?.failures

describe('counting attempts', () => {
  test('lets the limit through, then blocks for twice as long each time, never for good (TH-01)', async () => {
    const counter = fresh()
    for (const block of [60, 120, 240, 240]) {
      for (let nth = 1; nth <= 3; nth += 1) expect((await reserved(counter)).last).toBe(nth === 3)
      expect(await attempt(counter)).toEqual({ ok: false, retryAfter: block, blockedBy: counter.key })
      room.turnClock(block - 0.5)
      expect(await attempt(counter)).toEqual({ ok: false, retryAfter: 1, blockedBy: counter.key })
      room.turnClock(0.5)
    }
    expect((await attempt(counter)).ok).toBe(true)
  })

  test('forgets failures after a quiet window, and how long the last block was', async () => {
    const counter = fresh()
    for (let nth = 0; nth < 3; nth += 1) await reserved(counter)
    room.turnClock(60 + 100)
    for (let nth = 0; nth < 3; nth += 1) await reserved(counter)
    expect(await attempt(counter)).toEqual({ ok: false, retryAfter: 60, blockedBy: counter.key })
  })

  test('counts from the last failure when the window renews, from the first when it does not', async () => {
    const [renewing, fixed] = [fresh({ renews: true }), fresh({ renews: false })]
    await reserved(renewing, fixed)
    room.turnClock(90)
    await reserved(renewing, fixed)
    room.turnClock(90)
    await reserved(renewing, fixed)
    expect(await failuresOf(renewing)).toBe(3)
    expect(await failuresOf(fixed)).toBe(1)
  })

  test('an attempt that one counter refuses is counted by none', async () => {
    const [open, full] = [fresh({ limit: 100 }), fresh({ limit: 1 })]
    await reserved(full)
    for (let nth = 0; nth < 5; nth += 1) expect((await attempt(open, full)).ok).toBe(false)
    expect(await failuresOf(open)).toBe(0)
    expect(await failuresOf(full)).toBe(1)
  })

  test('an attempt given back counts for nothing, and lifts a block that only it had caused', async () => {
    const counter = fresh()
    await reserved(counter)
    await reserved(counter)
    const last = await reserved(counter)
    expect((await attempt(counter)).ok).toBe(false)
    await giveBack(room.database.prisma, last)
    expect(await failuresOf(counter)).toBe(2)
    expect((await attempt(counter)).ok).toBe(true)
    expect((await attempt(counter)).ok).toBe(false)
  })

  test('a success clears what it may clear and gives its own attempt back elsewhere (TH-05)', async () => {
    const [own, shared] = [fresh(), fresh({ limit: 10, clearedBySuccess: false })]
    await reserved(own, shared)
    await settleSuccess(room.database.prisma, await reserved(own, shared))
    expect(await failuresOf(own)).toBeUndefined()
    expect(await failuresOf(shared)).toBe(1)
  })

  test('of 200 attempts at one moment on two instances exactly the limit is let through (TH-02)', async () => {
    const counter = fresh({ limit: 10 })
    const outcomes = await race(room, 200, (_, { prisma }) => reserveAttempt(prisma, [counter], room.now()))
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(10)
    for (const outcome of outcomes) if (!outcome.ok) expect(outcome.retryAfter).toBe(60)
  })

  test('honest attempts at one moment leave no trace (F1)', async () => {
    const counter = fresh({ limit: 10, clearedBySuccess: false })
    const outcomes = await race(room, 10, async (_, { prisma }) => {
      const outcome = await reserveAttempt(prisma, [counter], room.now())
      if (outcome.ok) await settleSuccess(prisma, outcome.reservation)
      return outcome.ok
    })
    expect(outcomes).toEqual(Array.from({ length: 10 }, () => true))
    expect(await failuresOf(counter)).toBe(0)
  })

  test('agrees with its description over long random histories', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) await expectSameHistory(seed)
  })
})

describe('sweeping', () => {
  test('removes only counters that count for nothing any more, a bounded number at a time (FT-17)', async () => {
    await room.database.prisma.attemptCounter.deleteMany()
    const { prisma } = room.database
    const [stale, late, live] = [fresh(), fresh(), fresh()]
    await reserved(stale, late, live)
    const expire = (minutesAgo: number, counters = [stale, late, live]) => prisma.$executeRaw`
      UPDATE attempt_counters SET expires_at = now() - make_interval(mins => ${minutesAgo}::int)
      WHERE key = ANY(${counters.map(({ key }) => key)})`
    await expire(61, [stale])
    // Not yet: an instance whose clock is late counts with it still.
    await expire(59, [late])
    await expire(-5, [live])
    expect(await sweepOnce(prisma, usersSweeps, { limit: 10 })).toBe(1)
    expect(await Promise.all([stale, late, live].map(failuresOf))).toEqual([undefined, 1, 1])
    const more = Array.from({ length: 5 }, () => fresh())
    for (const counter of more) await reserved(counter)
    await expire(61, [late, live, ...more])
    expect(await sweepOnce(prisma, usersSweeps, { limit: 3 })).toBe(3)
    expect(await prisma.attemptCounter.count()).toBe(4)
  })
})

/** The counter in ten lines of plain code: what the one SQL statement must do. */
function model({ limit, windowSeconds, renews, ...rest }: CounterPolicy) {
  const blocks = blockSchedule({ limit, windowSeconds, renews, ...rest })
  let [failures, blockedUntil, expiresAt] = [0, 0, 0]
  return {
    attempt(at: number): boolean {
      const forgotten = expiresAt <= at
      if (!forgotten && blockedUntil > at) return false
      failures = forgotten ? 1 : failures + 1
      if (forgotten || renews) expiresAt = at + windowSeconds
      blockedUntil = 0
      if (failures % limit > 0) return true
      blockedUntil = at + (blocks[Math.min(failures / limit, blocks.length) - 1] ?? 0)
      expiresAt = blockedUntil + windowSeconds
      return true
    },
    giveBack(at: number): void {
      if (failures > 0)
        [failures, blockedUntil, expiresAt] = [failures - 1, 0, Math.min(expiresAt, at + windowSeconds)]
    },
  }
}

async function expectSameHistory(seed: number): Promise<void> {
  // A small linear congruential generator: the same histories on every run.
  let state = seed
  const random = (below: number) =>
    Math.floor(((state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31) * below)
  const counter = fresh({ limit: 1 + random(4), renews: random(2) === 0, windowSeconds: 20 + random(100) })
  const described = model(counter.policy)
  for (let nth = 0; nth < 60; nth += 1) {
    room.turnClock([0, 1, 7, 30, 61, 130, 400][random(7)] ?? 0)
    const at = room.now().getTime() / 1000
    const outcome = await attempt(counter)
    expect({ seed, nth, let: outcome.ok }).toEqual({ seed, nth, let: described.attempt(at) })
    if (!outcome.ok || random(3) > 0) continue
    await giveBack(room.database.prisma, outcome.reservation)
    described.giveBack(at)
  }
}

test('unlocking an account looks at its own counters alone, however many there are of others (TH-01)', async () => {
  const { prisma } = room.database
  await prisma.$executeRaw`
    INSERT INTO attempt_counters (key, failures, expires_at)
    SELECT 'password.account-network/' || md5(n::text) || '/' || md5(n::text), 1, now() + interval '1 day'
    FROM generate_series(1, 20000) AS n`
  await prisma.$executeRaw`ANALYZE attempt_counters`
  const { id, email } = await room.addUser()
  const plan = await prisma.$queryRaw<
    Record<'QUERY PLAN', string>[]
  >`EXPLAIN ${forgetting(countersOfAccount({ id, email }, [{ id }]))}`
  const lines = plan.map((row) => row['QUERY PLAN'])
  expect(lines.filter((line) => line.includes('Seq Scan'))).toEqual([])
  for (const key of [
    counterKey('password.account-network', email, 'a network'),
    counterKey('passkey.user-network', id, 'a network'),
    counterKey('otp.user', id),
    counterKey('password.account-network', `${email}.example`, 'a network'),
  ])
    await prisma.attemptCounter.create({ data: { key, failures: 1, expiresAt: room.now() } })
  expect(await unlockUser(prisma, id)).toBe(3)
})
