import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { countRecoveryCodes, generateRecoveryCodes, useRecoveryCode } from '../../src/users/index.ts'
import { openRoom, race } from '../integration/users/room.ts'
import type { Room } from '../integration/users/room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

describe('a recovery code', () => {
  test('sent 20 times at one moment to two instances lets in once, every time (RE-01, FT-14)', async () => {
    const user = await room.addUser()
    const codes = await generateRecoveryCodes(room.database.prisma, user.id)
    for (const [used, code] of codes.slice(0, 5).entries()) {
      const outcomes = await race(room, 20, (_, database) =>
        useRecoveryCode({ ...room, database }, { userId: user.id, code }),
      )
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
      expect(await countRecoveryCodes(room.database.prisma, user.id)).toBe(9 - used)
      room.turnClock(24 * 3600 * 3)
    }
    const uses = (await room.events(user.id)).filter((type) => type === 'sign_in.recovery_code_used')
    expect(uses).toHaveLength(5)
  })

  test('guessed 200 times at one moment is evaluated five times (TH-02)', async () => {
    const user = await room.addUser()
    await generateRecoveryCodes(room.database.prisma, user.id)
    const outcomes = await race(room, 200, (_, database) =>
      useRecoveryCode({ ...room, database }, { userId: user.id, code: '0000-0000-0000-0000' }),
    )
    expect(outcomes.filter((outcome) => !outcome.ok && outcome.reason === 'wrong')).toHaveLength(5)
  })
})
