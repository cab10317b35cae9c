import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  createUser,
  factorsOf,
  findUser,
  findUserByEmail,
  listUsers,
  setDisabled,
  setPasswordHash,
} from '../../../src/users/index.ts'
import { openRoom, PASSWORD } from './room.ts'
import type { Room } from './room.ts'

const nobody = '01900000-0000-7000-8000-000000000000'
let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

describe('createUser', () => {
  test('stores the address in one spelling and records the user', async () => {
    const created = await createUser(room.database.prisma, {
      email: ' Grace@Example.TEST ',
      name: ' Grace Hopper ',
      role: 'auditor',
    })
    expect(created).toMatchObject({
      ok: true,
      user: {
        email: 'grace@example.test',
        name: 'Grace Hopper',
        role: 'auditor',
        hasPassword: false,
        disabledAt: null,
      },
    })
    if (!created.ok) return
    expect(await room.events(created.user.id)).toEqual(['user.created'])
  })

  test('refuses an address that somebody has, in any spelling, also at the same moment', async () => {
    const input = (nth: number) => ({ email: nth % 2 === 0 ? 'twin@example.test' : 'TWIN@example.test' })
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, nth) => createUser(room.database.prisma, input(nth))),
    )
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
    expect(outcomes.filter((outcome) => !outcome.ok && outcome.reason === 'email_taken')).toHaveLength(9)
  })

  test('leaves the caller’s transaction usable when the address is taken', async () => {
    await createUser(room.database.prisma, { email: 'first@example.test' })
    const second = await room.database.transaction(async (tx) => {
      const taken = await createUser(tx, { email: 'first@example.test' })
      expect(taken).toEqual({ ok: false, reason: 'email_taken' })
      return createUser(tx, { email: 'second@example.test' })
    })
    expect(second.ok).toBe(true)
  })

  test.each([
    [{ email: 'no address' }, 'email_invalid'],
    [{ email: 'nul\u0000@example.test' }, 'email_invalid'],
    [{ email: 'name@example.test', name: 'a\u0000b' }, 'name_invalid'],
    [{ email: 'name@example.test', name: 'x'.repeat(201) }, 'name_invalid'],
    [{ email: 'name@example.test', name: '\ud800' }, 'name_invalid'],
  ])('refuses %j (HT-06)', async (input, reason) => {
    await expect(createUser(room.database.prisma, input)).resolves.toEqual({ ok: false, reason })
  })

  test('never takes a password for a hash', async () => {
    const input = { email: 'plain@example.test', passwordHash: PASSWORD }
    await expect(createUser(room.database.prisma, input)).rejects.toThrow(TypeError)
    await expect(findUserByEmail(room.database.prisma, input.email)).resolves.toBeNull()
  })
})

describe('finding users', () => {
  test('finds by id and by any spelling of the address, without the hash (AD-08)', async () => {
    const user = await room.addUser({ email: 'found@example.test' })
    expect(await findUser(room.database.prisma, user.id)).toEqual(user)
    expect(await findUser(room.database.prisma, user.id.toUpperCase())).toEqual(user)
    expect(await findUserByEmail(room.database.prisma, ' FOUND@example.test')).toEqual(user)
    expect(user.hasPassword).toBe(true)
    expect(JSON.stringify(user)).not.toContain('argon2')
  })

  test.each([nobody, '', 'x', '1', '\u0000', "' OR 1=1", `${nobody}\u0000`, `${nobody}x`, '\ud800'])(
    'answers null, not an error, for the id %j (HT-06)',
    async (id) => {
      await expect(findUser(room.database.prisma, id)).resolves.toBeNull()
      await expect(setDisabled(room.database.prisma, id, true)).resolves.toBeNull()
      await expect(factorsOf(room.database.prisma, id)).resolves.toEqual({
        totp: false,
        passkeys: 0,
        recoveryCodes: 0,
      })
    },
  )

  test.each(['', 'x', 'nul\u0000@example.test', '\ud800@example.test', 'nobody@example.test'])(
    'answers null for the address %j (HT-06)',
    async (email) => {
      await expect(findUserByEmail(room.database.prisma, email)).resolves.toBeNull()
    },
  )
})

describe('changing users', () => {
  test('disables and enables, once each, and records both', async () => {
    const user = await room.addUser()
    expect(await setDisabled(room.database.prisma, user.id, true)).toMatchObject({
      disabledAt: expect.any(Date),
    })
    const again = await setDisabled(room.database.prisma, user.id, true)
    expect(again?.disabledAt).not.toBeNull()
    expect(await setDisabled(room.database.prisma, user.id, false)).toMatchObject({ disabledAt: null })
    expect(await setDisabled(room.database.prisma, user.id, false)).toMatchObject({ disabledAt: null })
    expect(await room.events(user.id)).toEqual(['user.created', 'user.disabled', 'user.enabled'])
  })

  test('sets a new password hash and records it', async () => {
    const user = await room.addUser({ password: null })
    const hash = await room.hasher.hash('another password')
    expect(await setPasswordHash(room.database.prisma, user.id, hash)).toMatchObject({ hasPassword: true })
    expect(await room.events(user.id)).toEqual(['user.created', 'user.password_changed'])
    expect(await setPasswordHash(room.database.prisma, nobody, hash)).toBeNull()
    await expect(setPasswordHash(room.database.prisma, user.id, 'another password')).rejects.toThrow(
      TypeError,
    )
  })

  test('changes nothing when the transaction it is part of fails', async () => {
    const user = await room.addUser()
    const failing = room.database.transaction(async (tx) => {
      await setDisabled(tx, user.id, true)
      throw new Error('later step failed')
    })
    await expect(failing).rejects.toThrow('later step failed')
    expect(await findUser(room.database.prisma, user.id)).toEqual(user)
    expect(await room.events(user.id)).toEqual(['user.created'])
  })
})

describe('listUsers', () => {
  test('pages in the order of creation; whoever comes meanwhile is neither repeated nor hidden (AD-11)', async () => {
    const before = (await listUsers(room.database.prisma, { limit: 200 })).users
    const added = []
    for (let nth = 0; nth < 7; nth += 1) added.push(await room.addUser({ email: `page${nth}@example.test` }))
    const seen: string[] = []
    let after: string | undefined = before.at(-1)?.id
    for (;;) {
      const page = await listUsers(room.database.prisma, { limit: 3, after })
      expect(page.users.length).toBeLessThanOrEqual(3)
      seen.push(...page.users.map(({ email }) => email))
      if (seen.length === 3) await room.addUser({ email: 'meanwhile@example.test' })
      if (page.next === null) break
      after = page.next
    }
    expect(seen).toEqual([...added.map(({ email }) => email), 'meanwhile@example.test'])
  })

  test('filters by status and by the beginning of the address, taken literally', async () => {
    await room.addUser({ email: 'li_st.one@example.test', disabled: true })
    await room.addUser({ email: 'lixst.two@example.test' })
    const emails = async (filter: Parameters<typeof listUsers>[1]) =>
      (await listUsers(room.database.prisma, filter)).users.map(({ email }) => email)
    expect(await emails({ prefix: 'LI', limit: 10 })).toEqual([
      'li_st.one@example.test',
      'lixst.two@example.test',
    ])
    expect(await emails({ prefix: 'li_', limit: 10 })).toEqual(['li_st.one@example.test'])
    expect(await emails({ prefix: 'li%', limit: 10 })).toEqual([])
    expect(await emails({ prefix: 'li\\', limit: 10 })).toEqual([])
    expect(await emails({ prefix: 'li', status: 'active', limit: 10 })).toEqual(['lixst.two@example.test'])
    expect(await emails({ prefix: 'li', status: 'disabled', limit: 10 })).toEqual(['li_st.one@example.test'])
  })

  test.each([{ after: 'x' }, { after: '\u0000' }, { prefix: '\u0000' }, { prefix: '\ud800' }])(
    'gives an empty page for %j (HT-06)',
    async (filter) => {
      await expect(listUsers(room.database.prisma, { limit: 10, ...filter })).resolves.toEqual({
        users: [],
        next: null,
      })
    },
  )

  test.each([0, -1, 1e9, NaN])('survives a limit of %d', async (limit) => {
    const { users } = await listUsers(room.database.prisma, { limit })
    expect(users.length).toBeGreaterThan(0)
    expect(users.length).toBeLessThanOrEqual(200)
  })
})
