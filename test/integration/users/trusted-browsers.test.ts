import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  browserOf,
  forgetTrustedBrowser,
  knowBrowser,
  listTrustedBrowsers,
  resetSecondFactor,
  setPasswordHash,
} from '../../../src/users/index.ts'
import { openRoom, race } from './room.ts'
import type { Room } from './room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

const know = (userId: string, more: { token?: string; skipFactorDays?: number; userAgent?: string } = {}) =>
  room.database.transaction(async (tx) => (await knowBrowser(tx, { userId, ip: '192.0.2.1', ...more })).token)
const look = (token: string | undefined, userId: string) => browserOf(room.database.prisma, { token, userId })
const list = (userId: string, token?: string) =>
  listTrustedBrowsers(room.database.prisma, { userId, ...(token === undefined ? {} : { token }) })

describe('a known browser', () => {
  test('is known for the user who signed in with it, and for nobody else (TH-03)', async () => {
    const [ada, bob] = [await room.addUser(), await room.addUser()]
    const token = await know(ada.id)
    expect(await look(token, ada.id)).toEqual({
      ...{ id: expect.any(String), skipsFactor: false, byMail: false },
    })
    expect(await look(token, bob.id)).toBeNull()
    expect(await look(token, 'not an id')).toBeNull()
  })

  test('is known for several people, each by a secret of their own, at most eight', async () => {
    const users = await Promise.all(Array.from({ length: 10 }, () => room.addUser()))
    let token: string | undefined
    for (const { id } of users) token = await know(id, token === undefined ? {} : { token })
    expect(token?.split('.')).toHaveLength(8)
    const known = await Promise.all(users.map(async ({ id }) => (await look(token, id)) !== null))
    expect(known).toEqual([false, false, ...Array<boolean>(8).fill(true)])
  })

  test('stays one browser over many sign-ins, and its secret stays', async () => {
    const { id } = await room.addUser()
    const token = await know(id, { userAgent: 'Old/1' })
    expect(await know(id, { token, userAgent: 'New/2' })).toBe(token)
    expect(await list(id, token)).toEqual([
      expect.objectContaining({ userAgent: 'New/2', current: true, skipsFactorUntil: null }),
    ])
    expect((await list(id))[0]?.current).toBe(false)
  })

  test('never takes over a secret that somebody put into it (TH-03)', async () => {
    const { id } = await room.addUser()
    const planted = 'A'.repeat(43)
    const token = await know(id, { token: planted })
    expect(await look(planted, id)).toBeNull()
    expect(await look(token, id)).not.toBeNull()
  })

  test.each([
    undefined,
    '',
    '.',
    'x',
    `${'A'.repeat(43)}.`,
    'A'.repeat(44),
    `${'A'.repeat(43)}.x`,
    'A'.repeat(100_000),
    '\u0000',
  ])('is not named by %#', async (token) => {
    const { id } = await room.addUser()
    expect(await look(token, id)).toBeNull()
  })

  test('is one of thirty: the one used longest ago is forgotten', async () => {
    const { id } = await room.addUser()
    const first = await know(id)
    for (let nth = 0; nth < 30; nth += 1) await know(id)
    expect(await list(id)).toHaveLength(30)
    expect(await look(first, id)).toBeNull()
  })

  test('has no secret at rest', async () => {
    const { id } = await room.addUser()
    const token = await know(id)
    const rows = await room.database.pool.query('SELECT t::text AS row FROM trusted_browsers t')
    expect(JSON.stringify(rows.rows)).not.toContain(token)
  })

  test('ends when half a year has gone by without a sign-in', async () => {
    const { id } = await room.addUser()
    const token = await know(id)
    await room.database.pool.query(
      "UPDATE trusted_browsers SET expires_at = expires_at - interval '180 days 1 second' WHERE user_id = $1",
      [id],
    )
    expect(await look(token, id)).toBeNull()
    expect(await list(id, token)).toEqual([])
  })
})

describe('a browser that may skip the second factor', () => {
  test('gets a new secret for it, so that a copy of the old one does not (MF-06)', async () => {
    const { id } = await room.addUser()
    const copied = await know(id)
    const token = await know(id, { token: copied, skipFactorDays: 30 })
    expect(await look(token, id)).toMatchObject({ skipsFactor: true })
    expect(await look(copied, id)).toBeNull()
    expect(await list(id)).toHaveLength(1)
    expect(await room.events(id)).toContain('browser.trusted')
  })

  test('may so for the days it was given, which later sign-ins do not renew (MF-06)', async () => {
    const { id } = await room.addUser()
    const token = await know(id, { skipFactorDays: 30 })
    const [before] = await list(id)
    await know(id, { token })
    expect((await list(id))[0]?.skipsFactorUntil).toEqual(before?.skipsFactorUntil)
    await room.database.pool.query(
      "UPDATE trusted_browsers SET skips_factor_until = skips_factor_until - interval '30 days' WHERE user_id = $1",
      [id],
    )
    expect(await look(token, id)).toMatchObject({ skipsFactor: false })
  })
})

describe('browsers are forgotten', () => {
  test('one by one, and only by their owner’s id', async () => {
    const [ada, bob] = [await room.addUser(), await room.addUser()]
    const token = await know(ada.id)
    const [browser] = await list(ada.id)
    const id = browser?.id ?? ''
    const forget = (userId: string) =>
      room.database.transaction((tx) => forgetTrustedBrowser(tx, { userId, id }))
    expect(await forget(bob.id)).toBe(false)
    expect(await look(token, ada.id)).not.toBeNull()
    expect(await forget(ada.id)).toBe(true)
    expect(await look(token, ada.id)).toBeNull()
    expect(await room.events(ada.id)).toContain('browser.forgotten')
  })

  test('all, with a new password and with a reset of the factor (MF-07)', async () => {
    const { id } = await room.addUser()
    const token = await know(id, { skipFactorDays: 30 })
    await setPasswordHash(room.database.prisma, id, await room.hasher.hash('another long password'))
    expect(await look(token, id)).toBeNull()
    const again = await know(id, { token, skipFactorDays: 30 })
    await room.database.prisma.totpCredential.create({
      data: { userId: id, sealedSeed: 'sealed', confirmedAt: new Date() },
    })
    await room.database.transaction((tx) => resetSecondFactor({ tx, sealer: room.sealer }, id))
    expect(await look(again, id)).toBeNull()
  })
})

test('sign-ins of one user at one moment on two instances leave every browser known', async () => {
  const { id } = await room.addUser()
  const tokens = await race(room, 10, (_, database) =>
    database.transaction(async (tx) => (await knowBrowser(tx, { userId: id })).token),
  )
  for (const token of tokens) expect(await look(token, id)).not.toBeNull()
})
