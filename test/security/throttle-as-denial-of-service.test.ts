import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { checkPassword } from '../../src/users/index.ts'
import { openRoom, PASSWORD, withLimits } from '../integration/users/room.ts'
import type { Room } from '../integration/users/room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

const policy = withLimits({ account: 20, network: 30 })
const attempt = (email: string, ip: string, password = PASSWORD, browserToken?: string) =>
  checkPassword({ ...room, policy }, { email, ip, password, browserToken })
const throttled = { ok: false, reason: 'throttled' }
const home = '203.0.113.1'

async function attack(email: string, addresses: number): Promise<void> {
  for (let nth = 0; nth < addresses * 10; nth += 1)
    await attempt(email, `198.51.100.${nth % addresses}`, 'guess')
}

describe('strangers use up a user’s attempts', () => {
  test('and the user still gets in from a known device, though from no other (TH-03, GHSA-cq42-vhv7-xr7p)', async () => {
    const user = await room.addUser()
    const token = await room.addBrowser(user.id)
    await attack(user.email, 2)
    expect(await attempt(user.email, home)).toMatchObject(throttled)
    expect((await attempt(user.email, home, PASSWORD, token)).ok).toBe(true)
    expect((await attempt(user.email, '198.51.100.1', PASSWORD, token)).ok).toBe(true)
  })

  test('and a device known for another user is no way around it (TH-03)', async () => {
    const [user, eve] = [await room.addUser(), await room.addUser()]
    const token = await room.addBrowser(eve.id)
    await attack(user.email, 2)
    expect(await attempt(user.email, home, PASSWORD, token)).toMatchObject(throttled)
    expect(await attempt(user.email, home, PASSWORD, 'forged')).toMatchObject(throttled)
  })

  test('and another address still works while a single one attacks', async () => {
    const user = await room.addUser()
    for (let nth = 0; nth < 30; nth += 1) await attempt(user.email, '198.51.100.77', 'guess')
    expect((await attempt(user.email, home)).ok).toBe(true)
  })

  test('and nobody else is blocked with them, unless from the attacking address (TH-05)', async () => {
    const office = '198.51.100.200'
    for (let nth = 0; nth < 30; nth += 1) await attempt(`victim${nth}@example.test`, office, 'guess')
    const user = await room.addUser()
    expect(await attempt(user.email, office)).toMatchObject(throttled)
    expect((await attempt(user.email, home)).ok).toBe(true)
    const token = await room.addBrowser(user.id)
    expect((await attempt(user.email, office, PASSWORD, token)).ok).toBe(true)
  })

  test('a stolen known device has ten attempts itself, which no change of address renews (TH-03)', async () => {
    const user = await room.addUser()
    const token = await room.addBrowser(user.id)
    const before = room.hasher.stats().comparisons
    for (let nth = 0; nth < 30; nth += 1) await attempt(user.email, `192.0.2.${nth}`, 'guess', token)
    expect(room.hasher.stats().comparisons - before).toBe(10)
    expect(await attempt(user.email, home, PASSWORD, token)).toMatchObject(throttled)
    expect((await attempt(user.email, home)).ok).toBe(true)
  })
})
