import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import bcrypt from 'bcryptjs'
import { checkPassword, setPasswordHash } from '../../../src/users/index.ts'
import type { PasswordAttempt } from '../../../src/users/index.ts'
import { circumstancesOf } from '../../../src/users/circumstances.ts'
import { decoyPoint, decoyQuery } from '../../../src/users/decoy.ts'
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

/** A hasher, and which hashes it was asked to compare with. */
function listening() {
  const asked: (string | null)[] = []
  const verify = (hash: string | null, password: string) => {
    asked.push(hash)
    return room.hasher.verify(hash, password)
  }
  return { asked, hasher: { ...room.hasher, verify } }
}

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
  test('costs what somebody costs, the same one at each attempt on each instance, and never lets in', async () => {
    await addImported()
    await room.addUser()
    const { hasher, asked } = listening()
    for (const database of [...room.databases, ...room.databases])
      expect(await check({ email: 'nobody@decoy.test' }, { hasher, database })).toEqual({
        ok: false,
        reason: 'wrong',
      })
    expect(asked[0]).toEqual(expect.any(String))
    expect(new Set(asked).size).toBe(1)
  })

  test('does not cost what its neighbour in the alphabet costs: what lies between two addresses would show it', async () => {
    // Everybody but the neighbour has an old hash, so neighbours would mostly cost ours.
    const { prisma } = room.database
    const neighbour = await room.addUser({ email: 'mo.b@decoy.test' })
    for (let nth = 0; nth < 40; nth += 1) await room.addUser()
    await prisma.$executeRaw`UPDATE users SET password_hash = ${old} WHERE id <> ${neighbour.id}::uuid`
    const { hasher, asked } = listening()
    for (let nth = 0; nth < 20; nth += 1) await check({ email: `mo.a${nth}@decoy.test` }, { hasher })
    expect(asked.filter((hash) => hash === old).length).toBeGreaterThan(15)
  })

  test('costs an old hash as often as people have one, also when they all came in one moment', async () => {
    const { prisma } = room.database
    await prisma.user.deleteMany()
    // A third imported within a second, the rest one by one over a year, as ids that are made by time tell.
    await prisma.$executeRaw`
      INSERT INTO users (id, email, password_hash, updated_at)
      SELECT (lpad(to_hex(1763000000000 + CASE WHEN n <= 100 THEN n ELSE n * 100000000::bigint END), 12, '0')
          || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid,
        'many' || n || '@decoy.test', CASE WHEN n <= 100 THEN ${old} END, now()
      FROM generate_series(1, 300) AS n`
    const hashes = await Promise.all(
      Array.from({ length: 600 }, async (_, nth) => {
        const under = { email: `nobody${nth}@decoy.test`, token: undefined, at: room.now(), keys: room.keys }
        return (await circumstancesOf(prisma, under)).decoy
      }),
    )
    const share = hashes.filter((hash) => hash === old).length / hashes.length
    expect(share).toBeGreaterThan(0.2)
    expect(share).toBeLessThan(0.47)
  })

  test('falls elsewhere under another key: nobody without it can tell where', () => {
    const points = (key: Buffer) => ['a@x.test', 'b@x.test'].map((email) => decoyPoint([key], email))
    const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    expect(points(key)).toEqual(points(key))
    expect(new Set([...points(key), ...points(other)]).size).toBe(4)
  })

  test('is found in one step of an index, however many users there are', async () => {
    const { prisma } = room.database
    await prisma.$executeRaw`
      INSERT INTO users (id, email, updated_at) SELECT gen_random_uuid(), 'much' || n || '@decoy.test', now()
      FROM generate_series(1, 20000) AS n`
    await prisma.$executeRaw`ANALYZE users`
    const plan = await prisma.$queryRaw<Record<string, string>[]>`EXPLAIN ${decoyQuery(5n)}`
    const text = plan.map((line) => line['QUERY PLAN']).join('\n')
    expect(text.match(/Index Scan using users_decoy_idx/g)).toHaveLength(2)
    expect(text).not.toContain('Seq Scan')
  })

  test('is no faster and no slower than somebody whose password is still the old one', async () => {
    await room.database.prisma.user.deleteMany()
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
