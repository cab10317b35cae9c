import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import {
  beginTotpEnrolment,
  checkPassword,
  checkTotp,
  confirmTotpEnrolment,
  generateRecoveryCodes,
  useRecoveryCode,
} from '../../src/users/index.ts'
import { openRoom, PASSWORD, withLimits } from '../integration/users/room.ts'
import type { Room } from '../integration/users/room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

const policy = withLimits({ account: 20, network: 30 })
const attempt = (email: string, ip: string, password = PASSWORD) =>
  checkPassword({ ...room, policy }, { email, ip, password })
const throttled = { ok: false, reason: 'throttled' }

describe('a counter is not reset', () => {
  test('for one’s address by signing in to one’s own account in between (TH-05)', async () => {
    const eve = await room.addUser()
    const ip = '198.51.100.1'
    const before = room.hasher.stats().comparisons
    for (let nth = 0; nth < 40; nth += 1) {
      await attempt(`victim${nth}@example.test`, ip, 'guess')
      if (nth < 29) expect((await attempt(eve.email, ip)).ok).toBe(true)
    }
    expect(room.hasher.stats().comparisons - before).toBe(30 + 29)
    expect(await attempt(eve.email, ip)).toMatchObject(throttled)
  })

  test('for an account, by the owner signing in elsewhere (TH-05)', async () => {
    const user = await room.addUser()
    const before = room.hasher.stats().comparisons
    for (let nth = 0; nth < 30; nth += 1) {
      await attempt(user.email, `192.0.2.${nth}`, 'guess')
      if (nth % 5 === 0 && nth < 20) expect((await attempt(user.email, '203.0.113.1')).ok).toBe(true)
    }
    expect(room.hasher.stats().comparisons - before).toBe(20 + 4)
  })

  test('for an account at an address, by another account signing in there (TH-05)', async () => {
    const [user, eve] = [await room.addUser(), await room.addUser()]
    const ip = '198.51.100.99'
    for (let nth = 0; nth < 10; nth += 1) {
      await attempt(user.email, ip, 'guess')
      expect((await attempt(eve.email, ip)).ok).toBe(true)
    }
    expect(await attempt(user.email, ip)).toMatchObject(throttled)
  })

  test('for codes, by a fresh sign-in with the password, twenty times over (TH-05, CVE-2026-128332)', async () => {
    const { user, right } = await enrolled()
    let wrong = 0
    for (let flow = 0; flow < 20; flow += 1) {
      expect((await attempt(user.email, `203.0.113.${flow}`)).ok).toBe(true)
      for (let nth = 0; nth < 5; nth += 1) {
        const outcome = await checkTotp(room, { userId: user.id, code: otherThan(await right(), nth) })
        if (!outcome.ok && outcome.reason === 'wrong') wrong += 1
      }
    }
    expect(wrong).toBe(5)
    expect(await checkTotp(room, { userId: user.id, code: await right() })).toMatchObject(throttled)
  })

  test('for codes, by the owner’s own sign-ins, beyond twenty wrong ones a day (TH-05)', async () => {
    const { user, right } = await enrolled()
    let wrong = 0
    for (let signIn = 0; signIn < 10; signIn += 1) {
      for (let nth = 0; nth < 4; nth += 1) {
        const outcome = await checkTotp(room, { userId: user.id, code: otherThan(await right(), nth) })
        if (!outcome.ok && outcome.reason === 'wrong') wrong += 1
      }
      room.turnClock(60)
      await checkTotp(room, { userId: user.id, code: await right() })
    }
    expect(wrong).toBe(20)
  })

  test('for one factor by success with another: a recovery code does not buy new codes (TH-01, TH-05)', async () => {
    const { user, right } = await enrolled()
    const [recoveryCode] = await generateRecoveryCodes(room.database.prisma, user.id)
    for (let nth = 0; nth < 5; nth += 1)
      await checkTotp(room, { userId: user.id, code: otherThan(await right(), nth) })
    expect(await useRecoveryCode(room, { userId: user.id, code: recoveryCode })).toEqual({ ok: true })
    expect(await checkTotp(room, { userId: user.id, code: await right() })).toMatchObject(throttled)
  })
})

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
  return { user, right }
}

function otherThan(right: string, nth: number): string {
  return String((Number(right) + 1 + nth * 7) % 1_000_000).padStart(6, '0')
}
