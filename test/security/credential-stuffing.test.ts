import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  checkPassword,
  defaultThrottlePolicy,
  endStuffingAlarm,
  liftBlock,
  listBlocks,
  stuffingAlarm,
} from '../../src/users/index.ts'
import { openRoom, PASSWORD, race } from '../integration/users/room.ts'
import type { Room } from '../integration/users/room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())
beforeEach(async () => {
  room.turnClock(24 * 3600)
  await endStuffingAlarm(room.database.prisma, room.now(), { now: true })
})

const FAILURES = 12
const policy = {
  ...defaultThrottlePolicy,
  stuffing: { failures: FAILURES, windowSeconds: 600, calmSeconds: 900 },
}
let serial = 0
/** A password stolen elsewhere, tried once on one account, from an address that tries no other: no other counter sees anything. */
const stuff = (database = room.database) =>
  checkPassword(
    { ...room, database, policy },
    {
      email: `victim${(serial += 1)}@example.test`,
      ip: `10.0.${serial >> 8}.${serial & 255}`,
      password: 'stolen',
    },
  )
const attempt = (
  email: string,
  more: { browserToken?: string; password?: string; canChallenge?: boolean } = {},
) => {
  const { canChallenge = true, ...rest } = more
  const typed = { email, ip: '203.0.113.1', password: PASSWORD, ...rest }
  return checkPassword({ ...room, policy, canChallenge }, typed)
}
const alarms = async () => {
  const where = { type: 'throttle.credential_stuffing' }
  const rows = await room.database.prisma.auditEvent.findMany({ where, orderBy: { id: 'asc' } })
  return rows.map(({ detail }) => (detail as { state: string }).state)
}
async function raiseAlarm(): Promise<void> {
  for (let nth = 0; nth < FAILURES; nth += 1) expect(await stuff()).toEqual({ ok: false, reason: 'wrong' })
}

describe('wrong passwords over all users', () => {
  test('raise one alarm, however many fail at the same moment on two instances; it ends once (TH-02)', async () => {
    const before = (await alarms()).length
    await race(room, 2 * FAILURES, (_, database) => stuff(database))
    expect((await alarms()).slice(before)).toEqual(['begun'])
    expect(await stuffingAlarm(room.databases[1].prisma, room.now())).not.toBeNull()
    room.turnClock(901)
    const ended = await Promise.all(
      room.databases.flatMap(({ prisma }) => [1, 2, 3].map(() => endStuffingAlarm(prisma, room.now()))),
    )
    expect(ended.filter(Boolean)).toHaveLength(1)
    expect((await alarms()).slice(before)).toEqual(['begun', 'ended'])
    expect(await stuffingAlarm(room.database.prisma, room.now())).toBeNull()
  })

  test('raise none when they are spread over time, and right ones never do', async () => {
    const user = await room.addUser()
    for (let nth = 0; nth < 2 * FAILURES; nth += 1) {
      await stuff()
      room.turnClock(60)
    }
    for (let nth = 0; nth < FAILURES; nth += 1) expect((await attempt(user.email)).ok).toBe(true)
    expect(await stuffingAlarm(room.database.prisma, room.now())).toBeNull()
  })

  test('from known browsers raise none: their owners mistype (TH-03)', async () => {
    for (let nth = 0; nth < FAILURES + 2; nth += 1) {
      const user = await room.addUser()
      const browserToken = await room.addBrowser(user.id)
      expect(await attempt(user.email, { browserToken, password: 'typo' })).toMatchObject({ reason: 'wrong' })
    }
    expect(await stuffingAlarm(room.database.prisma, room.now())).toBeNull()
  })
})

describe('during the alarm', () => {
  test('a browser that nobody knows proves its mailbox first, whoever it names; nothing is hashed (TH-04)', async () => {
    const user = await room.addUser()
    const disabled = await room.addUser({ disabled: true })
    await raiseAlarm()
    const before = room.hasher.stats().comparisons
    for (const email of [user.email, disabled.email, 'nobody@example.test', 'nobody'])
      expect(await attempt(email)).toEqual({ ok: false, reason: 'challenge' })
    expect(room.hasher.stats().comparisons).toBe(before)
  })

  test('a known browser notices nothing (TH-03)', async () => {
    const user = await room.addUser()
    const browserToken = await room.addBrowser(user.id)
    await raiseAlarm()
    for (let nth = 0; nth < 9; nth += 1)
      expect(await attempt(user.email, { browserToken, password: 'typo' })).toEqual({
        ok: false,
        reason: 'wrong',
      })
    expect((await attempt(user.email, { browserToken })).ok).toBe(true)
    expect((await attempt((await room.addUser()).email, { browserToken })).ok).toBe(false)
  })

  test('where no mail can be sent, an unknown browser has two tries and then a minute to wait, and still gets in', async () => {
    const user = await room.addUser()
    await raiseAlarm()
    const wrong = () => attempt(user.email, { canChallenge: false, password: 'typo' })
    expect(await wrong()).toEqual({ ok: false, reason: 'wrong' })
    expect(await wrong()).toEqual({ ok: false, reason: 'wrong' })
    expect(await wrong()).toEqual({ ok: false, reason: 'throttled', retryAfter: 60 })
    room.turnClock(60)
    expect((await attempt(user.email, { canChallenge: false })).ok).toBe(true)
  })

  test('operators see it before all blocks, and can end it', async () => {
    await raiseAlarm()
    const { prisma } = room.database
    const [first] = await listBlocks(prisma, { limit: 5, now: room.now() })
    expect(first).toMatchObject({ kind: 'password.everyone', failures: FAILURES, userId: null })
    const lift = () => room.database.transaction((tx) => liftBlock(tx, first?.id ?? '', room.now()))
    expect(await lift()).toBe(true)
    expect(await lift()).toBe(false)
    expect(await stuffingAlarm(prisma, room.now())).toBeNull()
  })
})
