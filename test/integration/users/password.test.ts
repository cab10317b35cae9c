import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connectDatabase, isStorageTrouble } from '../../../src/db/index.ts'
import {
  checkPassword,
  createPasswordHasher,
  HasherBusy,
  setDisabled,
  setPasswordHash,
  unlockUser,
} from '../../../src/users/index.ts'
import type { PasswordAttempt, PasswordHasher } from '../../../src/users/index.ts'
import { openRoom, PASSWORD, race } from './room.ts'
import type { Room } from './room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

const check = (attempt: Partial<PasswordAttempt> & { email: string }, deps = {}) =>
  checkPassword({ ...room, ...deps }, { password: PASSWORD, ip: '192.0.2.1', ...attempt })
const hashOf = async (id: string) =>
  (await room.database.prisma.user.findUniqueOrThrow({ where: { id } })).passwordHash

describe('checkPassword', () => {
  test('knows the user by any spelling of the address and records the sign-in', async () => {
    const user = await room.addUser({ email: 'ada@example.test' })
    expect(await check({ email: ' ADA@example.test' })).toEqual({ ok: true, user })
    expect(await check({ email: user.email, password: 'wrong' })).toEqual({ ok: false, reason: 'wrong' })
    expect(await room.events(user.id)).toEqual([
      'user.created',
      'sign_in.password_ok',
      'sign_in.password_failed',
    ])
  })

  test.each(['', 'x', 'nul\u0000@example.test', '\ud800@example.test', 'x'.repeat(100_000)])(
    'takes the address %j for wrong, not for an error (HT-06)',
    async (email) => {
      await expect(check({ email, ip: '192.0.2.2' })).resolves.toEqual({ ok: false, reason: 'wrong' })
    },
  )

  test('answers 1 MB at once, hashes and counts nothing (PW-03)', async () => {
    const user = await room.addUser()
    const before = room.hasher.stats().comparisons
    for (let nth = 0; nth < 15; nth += 1)
      expect(await check({ email: user.email, password: 'x'.repeat(1_000_000) })).toEqual({
        ok: false,
        reason: 'wrong',
      })
    expect(room.hasher.stats().comparisons).toBe(before)
    expect((await check({ email: user.email })).ok).toBe(true)
  })

  test('renews a hash that has become too cheap, and nothing else about the user (PW-03)', async () => {
    const user = await room.addUser()
    const old = await hashOf(user.id)
    const hasher = createPasswordHasher({ memoryKiB: 24_576 })
    expect((await check({ email: user.email, password: 'wrong' }, { hasher })).ok).toBe(false)
    expect(await hashOf(user.id)).toBe(old)
    expect(await check({ email: user.email }, { hasher })).toEqual({ ok: true, user })
    const renewed = await hashOf(user.id)
    expect(renewed).toMatch(/m=24576/)
    expect(await check({ email: user.email })).toEqual({ ok: true, user })
    expect(await hashOf(user.id)).toBe(renewed)
  })

  test('does not renew a hash over a password that was changed meanwhile, nor let the old one in', async () => {
    const user = await room.addUser()
    const changed = await room.hasher.hash('a new password')
    const hasher = whileHashing(createPasswordHasher({ memoryKiB: 24_576 }), async () => {
      await setPasswordHash(room.databases[1].prisma, user.id, changed)
    })
    expect(await check({ email: user.email }, { hasher })).toEqual({ ok: false, reason: 'wrong' })
    expect(await hashOf(user.id)).toBe(changed)
  })

  test('does not let in a user who is disabled while the password is being hashed (DI-01)', async () => {
    const user = await room.addUser()
    const hasher = whileHashing(room.hasher, async () => {
      await setDisabled(room.databases[1].prisma, user.id, true)
    })
    expect(await check({ email: user.email }, { hasher })).toEqual({ ok: false, reason: 'wrong' })
    expect(await check({ email: user.email })).toEqual({ ok: false, reason: 'wrong' })
    expect(await room.events(user.id)).not.toContain('sign_in.password_ok')
  })

  test('ten honest sign-ins at one moment all work, again and again (F1)', async () => {
    const user = await room.addUser()
    for (let round = 0; round < 3; round += 1) {
      const outcomes = await race(room, 10, (_, database) =>
        check({ email: user.email, ip: '192.0.2.3' }, { database }),
      )
      expect(outcomes.map(({ ok }) => ok)).toEqual(Array.from({ length: 10 }, () => true))
    }
  })

  test('records a block once, when it begins', async () => {
    const user = await room.addUser()
    for (let nth = 0; nth < 20; nth += 1)
      await check({ email: user.email, password: 'wrong', ip: '192.0.2.4' })
    const events = await room.events(user.id)
    expect(events.filter((type) => type === 'sign_in.password_failed')).toHaveLength(10)
    expect(events.filter((type) => type === 'sign_in.throttled')).toHaveLength(1)
  })

  test('a blocked user gets in again after the block, or as soon as an operator unlocks (TH-01)', async () => {
    const user = await room.addUser()
    const guess = async (times: number) => {
      for (let nth = 0; nth < times; nth += 1)
        await check({ email: user.email, password: 'wrong', ip: '192.0.2.5' })
    }
    const here = { email: user.email, ip: '192.0.2.5' }
    await guess(10)
    expect(await check(here)).toEqual({ ok: false, reason: 'throttled', retryAfter: 1 })
    room.turnClock(1)
    expect((await check(here)).ok).toBe(true)
    await guess(10)
    expect((await check(here)).ok).toBe(false)
    expect(await unlockUser(room.database.prisma, user.id)).toBe(2)
    expect((await check(here)).ok).toBe(true)
    expect(await unlockUser(room.database.prisma, 'nobody')).toBeNull()
  })
})

describe('trouble is not a wrong password', () => {
  test('a busy hasher is thrown, and costs no attempt (FT-26)', async () => {
    const user = await room.addUser()
    const hasher = createPasswordHasher({ concurrency: 1, queue: 0 })
    const here = { email: user.email, ip: '192.0.2.6' }
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => check(here, { hasher })))
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    for (const outcome of refused) expect(outcome).toHaveProperty('reason', expect.any(HasherBusy))
    for (let nth = 0; nth < 9; nth += 1) await check({ ...here, password: 'wrong' })
    expect((await check(here)).ok).toBe(true)
  })

  test('a database that is not there is thrown as trouble with storage (FT-01)', async () => {
    const gone = connectDatabase({
      url: 'postgresql://nobody:nothing@127.0.0.1:9/none',
      poolMax: 1,
      connectTimeoutMs: 500,
      statementTimeoutMs: 500,
      lockTimeoutMs: 500,
      idleInTransactionTimeoutMs: 500,
    })
    const outcome = await check({ email: 'ada@example.test' }, { database: gone }).catch(
      (error: unknown) => error,
    )
    expect(outcome).toBeInstanceOf(Error)
    expect(isStorageTrouble(outcome)).toBe(true)
    await gone.close()
  })

  test('a success that cannot be stored is thrown, and costs no attempt (FT-16)', async () => {
    const user = await room.addUser()
    const here = { email: user.email, ip: '192.0.2.7' }
    const { prisma } = room.database
    await prisma.$executeRaw`ALTER TABLE audit_events ADD CONSTRAINT disk_full CHECK (type <> 'sign_in.password_ok') NOT VALID`
    try {
      for (let nth = 0; nth < 12; nth += 1) await expect(check(here)).rejects.toThrow()
    } finally {
      await prisma.$executeRaw`ALTER TABLE audit_events DROP CONSTRAINT disk_full`
    }
    expect((await check(here)).ok).toBe(true)
    expect(await room.events(user.id)).toEqual(['user.created', 'sign_in.password_ok'])
  })
})

/** The same hasher, but something else happens between the hash and what follows. */
function whileHashing(hasher: PasswordHasher, meanwhile: () => Promise<void>): PasswordHasher {
  return {
    ...hasher,
    async verify(hash, password) {
      const matches = await hasher.verify(hash, password)
      await meanwhile()
      return matches
    },
  }
}
