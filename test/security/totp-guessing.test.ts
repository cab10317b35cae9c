import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import {
  beginTotpEnrolment,
  checkPassword,
  checkTotp,
  confirmTotpEnrolment,
  unlockUser,
} from '../../src/users/index.ts'
import { openRoom, PASSWORD, race } from '../integration/users/room.ts'
import type { Room } from '../integration/users/room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

async function enrolled() {
  const user = await room.addUser()
  const deps = { db: room.database.prisma, sealer: room.sealer, now: room.now }
  const { credentialId, secret } = await beginTotpEnrolment(deps, {
    userId: user.id,
    issuer: 'Cardea',
    account: user.email,
  })
  const right = () => generate({ secret, epoch: Math.floor(room.now().getTime() / 1000) })
  await confirmTotpEnrolment(room, { userId: user.id, credentialId, code: await right() })
  room.turnClock(300)
  const wrong = async (nth: number) =>
    String((Number(await right()) + 1 + nth * 13) % 1_000_000).padStart(6, '0')
  return { user, right, wrong }
}

describe('guessing TOTP codes', () => {
  test('over ten fresh sign-ins, ten addresses and two instances is blocked; the right code too, until unlock (MF-05)', async () => {
    const { user, right, wrong } = await enrolled()
    const answers: string[] = []
    for (let nth = 0; nth < 10; nth += 1) {
      const database = room.databases[nth % 2 === 0 ? 0 : 1]
      const ip = `198.51.100.${nth}`
      const signIn = await checkPassword({ ...room, database }, { email: user.email, password: PASSWORD, ip })
      expect(signIn.ok).toBe(true)
      const outcome = await checkTotp({ ...room, database }, { userId: user.id, code: await wrong(nth), ip })
      answers.push(outcome.ok ? 'accepted' : outcome.reason)
    }
    expect(answers).toEqual([...Array<string>(5).fill('wrong'), ...Array<string>(5).fill('throttled')])
    for (const database of room.databases)
      expect(await checkTotp({ ...room, database }, { userId: user.id, code: await right() })).toEqual({
        ok: false,
        reason: 'throttled',
        retryAfter: 900,
      })
    await unlockUser(room.database.prisma, user.id)
    expect(await checkTotp(room, { userId: user.id, code: await right() })).toEqual({ ok: true })
  })

  test('200 at one moment evaluates five; the right one at position 150 is refused (TH-02, MF-05)', async () => {
    const { user, right, wrong } = await enrolled()
    const code = await right()
    const guesses = await Promise.all(Array.from({ length: 200 }, (_, nth) => wrong(nth)))
    guesses[150] = code
    const outcomes = await race(room, 200, (nth, database) =>
      checkTotp({ ...room, database }, { userId: user.id, code: guesses[nth] }),
    )
    expect(outcomes.filter((outcome) => !outcome.ok && outcome.reason === 'wrong')).toHaveLength(5)
    expect(outcomes.filter((outcome) => !outcome.ok && outcome.reason === 'throttled')).toHaveLength(195)
    expect((await room.events(user.id)).filter((type) => type === 'sign_in.throttled')).toHaveLength(1)
  })

  test('patiently, right after each block, gets ever fewer chances (MF-05)', async () => {
    const { user, wrong } = await enrolled()
    const day = 24 * 3600
    let [elapsed, evaluated] = [0, 0]
    while (elapsed < 7 * day) {
      const outcome = await checkTotp(room, { userId: user.id, code: await wrong(evaluated) })
      if (!outcome.ok && outcome.reason === 'throttled') {
        room.turnClock(outcome.retryAfter)
        elapsed += outcome.retryAfter
      } else evaluated += 1
    }
    // A week of it: fewer than 80 guesses of three in a million each.
    expect(evaluated).toBeLessThan(80)
  })

  test('of one user blocks no other (TH-05)', async () => {
    const { user, wrong } = await enrolled()
    const other = await enrolled()
    for (let nth = 0; nth < 8; nth += 1)
      await checkTotp(room, { userId: user.id, code: await wrong(nth), ip: '198.51.100.1' })
    expect(
      await checkTotp(room, { userId: other.user.id, code: await other.right(), ip: '198.51.100.1' }),
    ).toEqual({ ok: true })
  })
})
