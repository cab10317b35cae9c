import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { checkPassword } from '../../src/users/index.ts'
import { openRoom, PASSWORD, race } from '../integration/users/room.ts'
import type { Room } from '../integration/users/room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

describe('200 password guesses at one moment, on two instances', () => {
  test('are evaluated up to the limit only; the right one at position 150 does not get in (TH-02, CVE-2024-4629)', async () => {
    const user = await room.addUser()
    const before = room.hasher.stats().comparisons
    const outcomes = await race(room, 200, (nth, database) =>
      checkPassword(
        { ...room, database },
        { email: user.email, ip: '192.0.2.1', password: nth === 150 ? PASSWORD : `guess ${nth}` },
      ),
    )
    expect(room.hasher.stats().comparisons - before).toBe(10)
    expect(outcomes.filter((outcome) => !outcome.ok && outcome.reason === 'throttled')).toHaveLength(190)
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(0)
    expect(
      await checkPassword(room, { email: user.email, ip: '192.0.2.1', password: PASSWORD }),
    ).toMatchObject({
      ok: false,
      reason: 'throttled',
    })
  })

  test('from 200 addresses are evaluated a hundred times at most (TH-01, TH-02)', async () => {
    const user = await room.addUser()
    const before = room.hasher.stats().comparisons
    await race(room, 200, (nth, database) =>
      checkPassword(
        { ...room, database },
        { email: user.email, ip: `198.51.100.${nth}`, password: `guess ${nth}` },
      ),
    )
    expect(room.hasher.stats().comparisons - before).toBe(100)
    const right = { email: user.email, ip: '203.0.113.1', password: PASSWORD }
    expect(await checkPassword(room, right)).toMatchObject({ ok: false, reason: 'throttled' })
    room.turnClock(3600)
    expect((await checkPassword(room, right)).ok).toBe(true)
  })
})
