import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import { beginTotpEnrolment, checkTotp, confirmTotpEnrolment } from '../../src/users/index.ts'
import { openRoom, race } from '../integration/users/room.ts'
import type { Room } from '../integration/users/room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

const wrong = { ok: false, reason: 'wrong' }

async function enrolled() {
  const user = await room.addUser()
  const deps = { db: room.database.prisma, sealer: room.sealer, now: room.now }
  const { credentialId, secret } = await beginTotpEnrolment(deps, {
    userId: user.id,
    issuer: 'Cardea',
    account: user.email,
  })
  const codeAt = (offset: number) =>
    generate({ secret, epoch: Math.floor(room.now().getTime() / 1000) + offset * 30 })
  await confirmTotpEnrolment(room, { userId: user.id, credentialId, code: await codeAt(0) })
  room.turnClock(300)
  return {
    codeAt,
    credentialId,
    check: (code: unknown, database = room.database) =>
      checkTotp({ ...room, database }, { userId: user.id, code }),
  }
}

describe('a TOTP code', () => {
  test('sent 20 times at one moment to two instances is accepted once, every time (MF-03, FT-14, RFC 6238 §5.2)', async () => {
    const { codeAt, check } = await enrolled()
    for (let round = 0; round < 5; round += 1) {
      const code = await codeAt(0)
      const outcomes = await race(room, 20, (_, database) => check(code, database))
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
      room.turnClock(30)
    }
  })

  test('is refused for as long as its window lasts, at every second of it (MF-03)', async () => {
    const { codeAt, check } = await enrolled()
    // To the first second of a step: the code of the next one is then good for ninety, the longest that any is.
    room.turnClock(30 - (Math.floor(room.now().getTime() / 1000) % 30))
    const code = await codeAt(1)
    expect(await check(code)).toEqual({ ok: true })
    for (let second = 0; second <= 90; second += 1) {
      expect([second, await check(code)]).toEqual([second, wrong])
      room.turnClock(1)
    }
  })

  test('of an older step is refused after a newer one (MF-03)', async () => {
    const { codeAt, check } = await enrolled()
    const [older, current, newer] = [await codeAt(-1), await codeAt(0), await codeAt(1)]
    expect(await check(newer)).toEqual({ ok: true })
    expect(await check(current)).toEqual(wrong)
    expect(await check(older)).toEqual(wrong)
  })

  test('and its neighbour, both at one moment, are accepted at most once each and in order (MF-03)', async () => {
    const { codeAt, check, credentialId } = await enrolled()
    const codes = [await codeAt(-1), await codeAt(0)]
    const outcomes = await race(room, 4, (nth, database) => check(codes[nth % 2], database))
    const accepted = outcomes.filter(({ ok }) => ok).length
    expect([1, 2]).toContain(accepted)
    expect(outcomes.filter(({ ok }, nth) => ok && nth % 2 === 1)).toHaveLength(1)
    const row = await room.database.prisma.totpCredential.findUniqueOrThrow({ where: { id: credentialId } })
    expect(row.lastStep).toBe(Math.floor(room.now().getTime() / 30_000))
  })

  test('replayed uses up no attempt of the owner, whose next one is good', async () => {
    const { codeAt, check } = await enrolled()
    const code = await codeAt(0)
    expect(await check(code)).toEqual({ ok: true })
    for (let nth = 0; nth < 12; nth += 1) expect(await check(code)).toEqual(wrong)
    room.turnClock(30)
    expect(await check(await codeAt(0))).toEqual({ ok: true })
  })

  test.each([40, 300, 86_400])(
    'is wrong, not an error, when the clock went back %d s; then time catches up (FT-15)',
    async (back) => {
      const { codeAt, check } = await enrolled()
      expect(await check(await codeAt(0))).toEqual({ ok: true })
      room.turnClock(-back)
      expect(await check(await codeAt(0))).toEqual(wrong)
      expect(await check(await codeAt(-1))).toEqual(wrong)
      room.turnClock(back + 30)
      expect(await check(await codeAt(0))).toEqual({ ok: true })
    },
  )
})
