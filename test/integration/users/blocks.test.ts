import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { checkPassword, countBlocks, liftBlock, listBlocks } from '../../../src/users/index.ts'
import { openRoom, PASSWORD, withLimits } from './room.ts'
import type { Room } from './room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

const policy = withLimits({ account: 3 })
const attempt = (email: string, password = 'guess', ip = '192.0.2.1') =>
  checkPassword({ ...room, policy }, { email, ip, password })
const blocks = () => listBlocks(room.database.prisma, { limit: 50, now: room.now() })

test('a block shows whom it is about, alerts once, and is lifted with its failures (TH-01)', async () => {
  const user = await room.addUser()
  for (let nth = 0; nth < 4; nth += 1) await attempt(user.email)
  const [block, ...more] = await blocks()
  expect(more).toEqual([])
  const nobody = { clientId: null, network: null }
  const until = new Date(room.now().getTime() + 3_600_000)
  expect(block).toEqual({
    ...{ id: expect.any(String), kind: 'password.account', userId: user.id, ...nobody, failures: 3, until },
  })
  const events = await room.database.prisma.auditEvent.findMany({ where: { type: 'throttle.blocked' } })
  expect(events).toEqual([expect.objectContaining({ userId: user.id, ip: '192.0.2.1' })])
  expect(events[0]?.detail).toEqual({ kind: 'password.account', failures: 3, seconds: 3600 })
  expect(await countBlocks(room.database.prisma, room.now())).toEqual({
    blocks: [{ kind: 'password.account', count: 1 }],
    alarm: false,
  })
  expect(await attempt(user.email, PASSWORD)).toMatchObject({ reason: 'throttled' })
  await room.database.transaction((tx) => liftBlock(tx, block?.id ?? '', room.now()))
  expect(await blocks()).toEqual([])
  expect((await attempt(user.email, PASSWORD)).ok).toBe(true)
})

test('a block of an address that nobody has is about nobody, and its network is shown while it lasts (TH-04)', async () => {
  const { prisma } = room.database
  for (let nth = 0; nth < 12; nth += 1)
    await checkPassword(room, { email: 'nobody@example.test', ip: '198.51.100.9', password: 'guess' })
  expect(await blocks()).toEqual([
    expect.objectContaining({ kind: 'password.account-network', userId: null, network: '198.51.100.9' }),
  ])
  room.turnClock(2)
  expect(await blocks()).toEqual([])
  const rows = await prisma.attemptCounter.findMany({ where: { blockId: null } })
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.every(({ network, userId }) => network === null && userId === null)).toBe(true)
})

test('blocks come in the order in which they began, page by page', async () => {
  const users = [await room.addUser(), await room.addUser(), await room.addUser()]
  for (const { email } of users) {
    for (let nth = 0; nth < 3; nth += 1) await attempt(email)
    room.turnClock(1)
  }
  const seen: (string | null)[] = []
  let after: string | undefined
  for (let page = 0; page < 3; page += 1) {
    const [block] = await listBlocks(room.database.prisma, { limit: 1, after, now: room.now() })
    seen.push(block?.userId ?? null)
    after = block?.id
  }
  expect(seen).toEqual(users.map(({ id }) => id))
})
