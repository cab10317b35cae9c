import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { findPasswordTicket, issuePasswordTicket, spendPasswordTicket } from '../../../src/users/index.ts'
import { openRoom, race } from './room.ts'
import type { Room } from './room.ts'

let room: Room
let passwordHash: string
beforeAll(async () => {
  room = await openRoom()
  passwordHash = await room.hasher.hash('seven quiet otters knitting')
})
afterAll(() => room.close())

async function issue(userId: string): Promise<string> {
  const issued = await room.database.transaction((tx) =>
    issuePasswordTicket(tx, { userId, purpose: 'reset' }),
  )
  return issued?.ticket ?? 'none'
}
const spend = (ticket: string, database = room.database) =>
  database.transaction((tx) => spendPasswordTicket(tx, { ticket, passwordHash }))

describe('a password ticket (RE-02)', () => {
  test('is spent once, also when sent many times at one moment to two instances (FT-14)', async () => {
    const { id } = await room.addUser()
    const ticket = await issue(id)
    const spent = await race(room, 20, (_, database) => spend(ticket, database))
    expect(spent.filter((one) => one !== null)).toEqual([id])
    expect((await room.events(id)).filter((type) => type === 'user.password_changed')).toHaveLength(1)
  })

  test('is worth nothing after its time, for finding and for spending', async () => {
    const { id } = await room.addUser()
    const ticket = await issue(id)
    await room.database.prisma
      .$executeRaw`UPDATE password_tickets SET expires_at = now() WHERE user_id = ${id}::uuid`
    expect(await findPasswordTicket(room.database.prisma, ticket)).toBeNull()
    expect(await spend(ticket)).toBeNull()
  })

  test('of a user who was disabled meanwhile changes nothing', async () => {
    const { id } = await room.addUser()
    const ticket = await issue(id)
    await room.database.prisma.user.update({ where: { id }, data: { disabledAt: new Date() } })
    expect(await findPasswordTicket(room.database.prisma, ticket)).toBeNull()
    expect(await spend(ticket)).toBeNull()
    expect(await issue(id)).toBe('none')
  })

  test('is ended by a newer one, and is for nobody who is not there', async () => {
    const { id } = await room.addUser()
    const older = await issue(id)
    const newer = await issue(id)
    expect(await spend(older)).toBeNull()
    expect(await spend(newer)).toBe(id)
    expect(await issue('019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01')).toBe('none')
  })
})
