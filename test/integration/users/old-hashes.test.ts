import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import bcrypt from 'bcryptjs'
import { checkPassword, setPasswordHash } from '../../../src/users/index.ts'
import type { PasswordAttempt } from '../../../src/users/index.ts'
import { openRoom, PASSWORD, race } from './room.ts'
import type { Room } from './room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

const old = bcrypt.hashSync(PASSWORD, 8)
const check = (attempt: Partial<PasswordAttempt> & { email: string }, deps = {}) =>
  checkPassword({ ...room, ...deps }, { password: PASSWORD, ip: '192.0.2.1', ...attempt })
const hashOf = async (id: string) =>
  (await room.database.prisma.user.findUniqueOrThrow({ where: { id } })).passwordHash

async function addImported(email?: string, passwordHash = old) {
  const user = await room.addUser({ password: null, ...(email === undefined ? {} : { email }) })
  // Not by setPasswordHash, which takes none but ours.
  await room.database.prisma
    .$executeRaw`UPDATE users SET password_hash = ${passwordHash} WHERE id = ${user.id}::uuid`
  return user
}

describe('a sign-in with the hash of another system (PW-03)', () => {
  test('ends it: from then on it is argon2id, and nothing else about the user has changed', async () => {
    const user = await addImported()
    const before = await room.database.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
    expect((await check({ email: user.email, password: 'wrong' })).ok).toBe(false)
    expect(await hashOf(user.id)).toBe(old)
    expect((await check({ email: user.email })).ok).toBe(true)
    const after = await room.database.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
    expect(after.passwordHash).toMatch(/^\$argon2id\$/)
    expect({ ...after, passwordHash: old }).toEqual(before)
  })

  test('works for ten of the same person at one moment, on two instances', async () => {
    for (let round = 0; round < 3; round += 1) {
      const user = await addImported()
      const outcomes = await race(room, 10, (_, database) => check({ email: user.email }, { database }))
      expect(outcomes.map(({ ok }) => ok)).toEqual(Array.from({ length: 10 }, () => true))
      expect(await hashOf(user.id)).toMatch(/^\$argon2id\$/)
    }
  })

  test('does not bring the old password back over a new one that was set meanwhile, nor let it in', async () => {
    const user = await addImported()
    const changed = await room.hasher.hash('another password now')
    const hasher = {
      ...room.hasher,
      async verify(hash: string | null, password: string) {
        const matches = await room.hasher.verify(hash, password)
        await setPasswordHash(room.databases[1].prisma, user.id, changed)
        return matches
      },
    }
    expect(await check({ email: user.email }, { hasher })).toEqual({ ok: false, reason: 'wrong' })
    expect(await hashOf(user.id)).toBe(changed)
  })

  test('with a hash that nobody can verify is a wrong password, not an error', async () => {
    for (const hash of ['md5$salt$67a1e09bb1f83f5007dc119c14d663aa', '$2b$31$' + 'a'.repeat(53), '']) {
      const user = await addImported(undefined, hash)
      expect(await check({ email: user.email, password: hash })).toEqual({ ok: false, reason: 'wrong' })
    }
  })
})

describe('an address that nobody has (TH-04)', () => {
  test('costs what the next address there is costs, and never lets in', async () => {
    await addImported('kim.b@decoy.test')
    await room.addUser({ email: 'kim.d@decoy.test' })
    const asked: (string | null)[] = []
    const hasher = {
      ...room.hasher,
      verify(hash: string | null, password: string) {
        asked.push(hash)
        return room.hasher.verify(hash, password)
      },
    }
    // The password is that of both of them.
    for (const email of ['kim.a@decoy.test', 'kim.c@decoy.test', 'kim.a@decoy.test'])
      expect(await check({ email }, { hasher })).toEqual({ ok: false, reason: 'wrong' })
    expect(asked).toEqual([old, expect.stringMatching(/^\$argon2id\$/), old])
  })

  test('is no faster and no slower than somebody whose password is still the old one', async () => {
    await addImported('lee.b@decoy.test', bcrypt.hashSync(PASSWORD, 10))
    const times: Record<string, number[]> = { 'lee.a@decoy.test': [], 'lee.b@decoy.test': [] }
    for (let round = 0; round < 9; round += 1)
      for (const [email, spent] of Object.entries(times)) {
        const startedAt = performance.now()
        await check({ email, password: 'wrong', ip: `192.0.2.${round}` })
        spent.push(performance.now() - startedAt)
      }
    const [unknown = 0, known = 0] = Object.values(times).map((spent) => spent.sort((a, b) => a - b)[4] ?? 0)
    expect(unknown / known).toBeGreaterThan(0.6)
    expect(unknown / known).toBeLessThan(1.6)
  })
})
