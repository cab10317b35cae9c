import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import {
  beginTotpEnrolment,
  checkTotp,
  confirmTotpEnrolment,
  factorsOf,
  hasTotp,
  importTotp,
  listFactors,
  MAX_TOTP_DEVICES,
  pendingTotpEnrolment,
  removeTotp,
  removeTotpDevice,
  renameTotp,
  setDisabled,
  usersSweeps,
} from '../../../src/users/index.ts'
import type { TotpEnrolment } from '../../../src/users/index.ts'
import { openRoom } from './room.ts'
import type { Room } from './room.ts'
import { sweepOnce } from '../../support/sweep.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

const label = { issuer: 'Cardea', account: 'ada@example.test' }
const enrolmentDeps = () => ({ db: room.database.prisma, sealer: room.sealer, now: room.now })
const begin = (userId: string) => beginTotpEnrolment(enrolmentDeps(), { userId, ...label })
const pending = (userId: string, { credentialId }: TotpEnrolment) =>
  pendingTotpEnrolment(enrolmentDeps(), { userId, credentialId, ...label })
const codeOf = ({ secret }: TotpEnrolment, offset = 0) =>
  generate({ secret, epoch: Math.floor(room.now().getTime() / 1000) + offset * 30 })
const confirm = (userId: string, { credentialId }: TotpEnrolment, code: unknown) =>
  confirmTotpEnrolment(room, { userId, credentialId, code })
const check = (userId: string, code: unknown) => checkTotp(room, { userId, code })

async function enrolled() {
  const user = await room.addUser()
  const enrolment = await begin(user.id)
  expect(await confirm(user.id, enrolment, await codeOf(enrolment))).toEqual({ ok: true })
  room.turnClock(30)
  return { user, enrolment }
}

describe('enrolling an authenticator', () => {
  test('gives a seed of 160 bits and its URI, until a code confirms it, and never again (MF-01)', async () => {
    const user = await room.addUser()
    const enrolment = await begin(user.id)
    expect(enrolment.secret).toMatch(/^[A-Z2-7]{32}$/)
    const uri = new URL(enrolment.uri)
    expect([uri.protocol, uri.host, decodeURIComponent(uri.pathname)]).toEqual([
      'otpauth:',
      'totp',
      '/Cardea:ada@example.test',
    ])
    expect(Object.fromEntries(uri.searchParams)).toEqual({ secret: enrolment.secret, issuer: 'Cardea' })
    expect(await pending(user.id, enrolment)).toEqual(enrolment)
    expect(await hasTotp(room.database.prisma, user.id)).toBe(false)

    expect(await confirm(user.id, enrolment, await codeOf(enrolment))).toEqual({ ok: true })
    expect(await hasTotp(room.database.prisma, user.id)).toBe(true)
    expect(await pending(user.id, enrolment)).toBeNull()
    expect(await confirm(user.id, enrolment, await codeOf(enrolment, 1))).toEqual({
      ok: false,
      reason: 'gone',
    })
    expect(await room.events(user.id)).toEqual(['user.created', 'factor.totp_added'])
  })

  test('gives every enrolment another seed', async () => {
    const user = await room.addUser()
    expect((await begin(user.id)).secret).not.toBe((await begin(user.id)).secret)
  })

  test('keeps colons out of issuer and account, where they would separate', async () => {
    const user = await room.addUser()
    const input = { userId: user.id, issuer: 'localhost:3000', account: 'a:b@example.test' }
    const { uri } = await beginTotpEnrolment(enrolmentDeps(), input)
    expect(decodeURIComponent(new URL(uri).pathname)).toBe('/localhost 3000:a b@example.test')
  })

  test('stores the seed sealed for its own row (MF-01)', async () => {
    const { user, enrolment } = await enrolled()
    const { user: other, enrolment: others } = await enrolled()
    const { prisma } = room.database
    const rows = await prisma.totpCredential.findMany()
    expect(JSON.stringify(rows)).not.toContain(enrolment.secret)
    const stolen = await prisma.totpCredential.findUniqueOrThrow({ where: { id: others.credentialId } })
    await prisma.totpCredential.update({
      where: { id: enrolment.credentialId },
      data: { sealedSeed: stolen.sealedSeed },
    })
    await expect(check(user.id, await codeOf(others))).rejects.toThrow()
    expect(await check(other.id, await codeOf(others))).toEqual({ ok: true })
  })

  test('waits beside two others; the first that is confirmed ends the rest, also when all are at once (MF-01)', async () => {
    const user = await room.addUser()
    const begun = []
    for (let nth = 0; nth < 5; nth += 1) {
      begun.push(await begin(user.id))
      room.turnClock(1)
    }
    const waiting = await Promise.all(begun.map((one) => pending(user.id, one)))
    expect(waiting.map((one) => one !== null)).toEqual([false, false, true, true, true])
    const codes = await Promise.all(begun.map((one) => codeOf(one)))
    const outcomes = await Promise.all(begun.map((one, nth) => confirm(user.id, one, codes[nth] ?? '')))
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
    expect(outcomes.filter(({ ok }) => !ok)).toEqual(Array(4).fill({ ok: false, reason: 'gone' }))
    expect(await room.database.prisma.totpCredential.count({ where: { userId: user.id } })).toBe(1)
  })

  test('ends an enrolment after an hour, and sweeps it after a day', async () => {
    const user = await room.addUser()
    const enrolment = await begin(user.id)
    room.turnClock(3599)
    expect(await pending(user.id, enrolment)).toEqual(enrolment)
    room.turnClock(1)
    expect(await pending(user.id, enrolment)).toBeNull()
    expect(await confirm(user.id, enrolment, await codeOf(enrolment))).toEqual({ ok: false, reason: 'gone' })
    const { user: kept } = await enrolled()
    const { prisma } = room.database
    await prisma.$executeRaw`UPDATE totp_credentials SET created_at = now() - interval '23 hours'`
    await sweepOnce(prisma, usersSweeps)
    expect(await prisma.totpCredential.count({ where: { userId: user.id } })).toBe(1)
    await prisma.$executeRaw`UPDATE totp_credentials SET created_at = now() - interval '25 hours'`
    await sweepOnce(prisma, usersSweeps)
    expect(await room.database.prisma.totpCredential.count({ where: { userId: user.id } })).toBe(0)
    expect(await hasTotp(room.database.prisma, kept.id)).toBe(true)
  })

  test('belongs to the user who began it (MF-04)', async () => {
    const [ada, eve] = [await room.addUser(), await room.addUser()]
    const enrolment = await begin(ada.id)
    expect(await pending(eve.id, enrolment)).toBeNull()
    expect(await confirm(eve.id, enrolment, await codeOf(enrolment))).toEqual({ ok: false, reason: 'gone' })
    expect(await confirm('x', enrolment, await codeOf(enrolment))).toEqual({ ok: false, reason: 'gone' })
    expect(await confirm(ada.id, { ...enrolment, credentialId: '\u0000' }, '000000')).toEqual({
      ok: false,
      reason: 'gone',
    })
  })

  test('a code that does not fit confirms nothing, and five of them block, the right one too (MF-05)', async () => {
    const user = await room.addUser()
    const enrolment = await begin(user.id)
    expect(await confirm(user.id, enrolment, '')).toEqual({ ok: false, reason: 'wrong' })
    const right = await codeOf(enrolment)
    for (let nth = 0; nth < 5; nth += 1)
      expect(await confirm(user.id, enrolment, wrong(right, nth))).toEqual({ ok: false, reason: 'wrong' })
    expect(await confirm(user.id, enrolment, right)).toEqual({
      ok: false,
      reason: 'throttled',
      retryAfter: 900,
    })
    expect(await hasTotp(room.database.prisma, user.id)).toBe(false)
  })

  test('adds a device once it is confirmed; each one\u2019s code is accepted, once (MF-03)', async () => {
    const { user, enrolment: old } = await enrolled()
    const next = await begin(user.id)
    expect(await check(user.id, await codeOf(next))).toEqual({ ok: false, reason: 'wrong' })
    expect(await check(user.id, await codeOf(old))).toEqual({ ok: true })
    expect(await confirm(user.id, next, await codeOf(next))).toEqual({ ok: true })
    room.turnClock(30)
    for (const device of [old, next]) {
      expect(await check(user.id, await codeOf(device))).toEqual({ ok: true })
      expect(await check(user.id, await codeOf(device))).toEqual({ ok: false, reason: 'wrong' })
    }
    expect((await listFactors(room.database.prisma, user.id)).totp).toMatchObject([
      { id: old.credentialId, lastUsedAt: room.now() },
      { id: next.credentialId, lastUsedAt: room.now() },
    ])
  })

  test('stops at five devices', async () => {
    const { user } = await enrolled()
    for (let devices = 1; devices < MAX_TOTP_DEVICES - 1; devices += 1) {
      const one = await begin(user.id)
      expect(await confirm(user.id, one, await codeOf(one))).toEqual({ ok: true })
    }
    const { prisma } = room.database
    const last = await begin(user.id)
    expect(await confirm(user.id, last, await codeOf(last))).toEqual({ ok: true })
    const more = await begin(user.id)
    expect(await confirm(user.id, more, await codeOf(more))).toEqual({ ok: false, reason: 'too_many' })
    expect((await listFactors(prisma, user.id)).totp).toHaveLength(MAX_TOTP_DEVICES)
  })

  test('names a device, removes it alone, and keeps the last one where one is required (MF-07)', async () => {
    const { user, enrolment: first } = await enrolled()
    const second = await begin(user.id)
    await confirm(user.id, second, await codeOf(second))
    const { prisma } = room.database
    const named = { userId: user.id, id: first.credentialId, name: 'Phone' }
    expect(await renameTotp(prisma, named)).toEqual({ ok: true })
    expect(await renameTotp(prisma, { ...named, userId: (await room.addUser()).id })).toEqual({
      ok: false,
      reason: 'not_found',
    })
    expect(await renameTotp(prisma, { ...named, name: 'a\u2028b' })).toEqual({
      ok: false,
      reason: 'name_invalid',
    })
    const remove = (id: string) =>
      room.database.transaction((tx) =>
        removeTotpDevice(
          { tx, sealer: room.sealer },
          { userId: user.id, id, required: true, passkeysWork: true },
        ),
      )
    const outcomes = await Promise.all([remove(first.credentialId), remove(second.credentialId)])
    expect(outcomes.map((one) => (one.ok ? 'ok' : one.reason)).sort()).toEqual(['last_factor', 'ok'])
    expect((await listFactors(prisma, user.id)).totp).toHaveLength(1)
  })
})

describe('importing an authenticator', () => {
  test('takes over its seed as confirmed, in place of any other, and seals it', async () => {
    const { user } = await enrolled()
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
    const imported = await room.database.transaction((tx) =>
      importTotp({ tx, sealer: room.sealer }, { userId: user.id, secret }),
    )
    expect(imported).toEqual({ ok: true })
    const rows = await room.database.prisma.totpCredential.findMany({ where: { userId: user.id } })
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain(secret)
    const code = await generate({ secret, epoch: Math.floor(room.now().getTime() / 1000) })
    expect(await check(user.id, code)).toEqual({ ok: true })
    expect(await check(user.id, code)).toEqual({ ok: false, reason: 'wrong' })
  })

  test.each(['', 'JBSWY3DPEHPK3PXP', 'not base32 at all, but long enough'])(
    'refuses %j (MF-01)',
    async (secret) => {
      const { user, enrolment } = await enrolled()
      const refused = await room.database.transaction((tx) =>
        importTotp({ tx, sealer: room.sealer }, { userId: user.id, secret }),
      )
      expect(refused).toEqual({ ok: false })
      expect(await check(user.id, await codeOf(enrolment))).toEqual({ ok: true })
    },
  )
})

describe('checkTotp', () => {
  test('accepts a code, spaces forgiven, and records it', async () => {
    const { user, enrolment } = await enrolled()
    const code = await codeOf(enrolment)
    expect(await check(user.id, ` ${code.slice(0, 3)} ${code.slice(3)} `)).toEqual({ ok: true })
    expect((await room.events(user.id)).at(-1)).toBe('sign_in.totp_ok')
  })

  test('the code that confirmed the enrolment is spent (MF-03)', async () => {
    const user = await room.addUser()
    const enrolment = await begin(user.id)
    const code = await codeOf(enrolment)
    expect(await confirm(user.id, enrolment, code)).toEqual({ ok: true })
    expect(await check(user.id, code)).toEqual({ ok: false, reason: 'wrong' })
  })

  test.each([-2, -1, 0, 1, 2])('a code %d steps away (MF-02, RFC 6238 §5.2)', async (offset) => {
    const { user, enrolment } = await enrolled()
    room.turnClock(300)
    const good = Math.abs(offset) <= 1
    expect(await check(user.id, await codeOf(enrolment, offset))).toEqual(
      good ? { ok: true } : { ok: false, reason: 'wrong' },
    )
  })

  test.each(['', '   ', 'abcdef', '12345', null, undefined, 123456, ['123456'], {}, '\u0000'])(
    '%j is wrong, never an error, and no attempt (MF-06)',
    async (code) => {
      const { user, enrolment } = await enrolled()
      for (let nth = 0; nth < 10; nth += 1)
        expect(await check(user.id, code)).toEqual({ ok: false, reason: 'wrong' })
      expect(await check(user.id, [await codeOf(enrolment)])).toEqual({ ok: false, reason: 'wrong' })
      expect(await check(user.id, await codeOf(enrolment))).toEqual({ ok: true })
    },
  )

  test('is wrong for a user without an authenticator, with an unconfirmed one, for nobody, for a disabled one (MF-06, DI-01)', async () => {
    const user = await room.addUser()
    expect(await check(user.id, '123456')).toEqual({ ok: false, reason: 'wrong' })
    expect(await check(user.id, await codeOf(await begin(user.id)))).toEqual({ ok: false, reason: 'wrong' })
    expect(await check('x', '123456')).toEqual({ ok: false, reason: 'wrong' })
    expect(await check('01900000-0000-7000-8000-000000000000', '123456')).toEqual({
      ok: false,
      reason: 'wrong',
    })
    const { user: disabled, enrolment } = await enrolled()
    await setDisabled(room.database.prisma, disabled.id, true)
    expect(await check(disabled.id, await codeOf(enrolment))).toEqual({ ok: false, reason: 'wrong' })
  })

  test('another user’s code is wrong (MF-04)', async () => {
    const { enrolment } = await enrolled()
    const { user: other } = await enrolled()
    expect(await check(other.id, await codeOf(enrolment))).toEqual({ ok: false, reason: 'wrong' })
  })

  test('a seed that was tampered with is thrown, and costs no attempt', async () => {
    const { user, enrolment } = await enrolled()
    const row = { where: { id: enrolment.credentialId } }
    const { sealedSeed } = await room.database.prisma.totpCredential.findUniqueOrThrow(row)
    await room.database.prisma.totpCredential.update({
      ...row,
      data: { sealedSeed: `${sealedSeed.slice(0, -2)}AA` },
    })
    for (let nth = 0; nth < 8; nth += 1) await expect(check(user.id, '123456')).rejects.toThrow()
    await room.database.prisma.totpCredential.update({ ...row, data: { sealedSeed } })
    expect(await check(user.id, await codeOf(enrolment))).toEqual({ ok: true })
  })
})

describe('factors', () => {
  test('are none, an authenticator, none again; its removal is recorded', async () => {
    const { user, enrolment } = await enrolled()
    const { prisma } = room.database
    expect(await factorsOf(prisma, user.id)).toEqual({ totp: true, passkeys: 0, recoveryCodes: 0 })
    await begin(user.id)
    expect(await removeTotp(prisma, user.id)).toBe(true)
    expect(await factorsOf(prisma, user.id)).toEqual({ totp: false, passkeys: 0, recoveryCodes: 0 })
    expect(await check(user.id, await codeOf(enrolment))).toEqual({ ok: false, reason: 'wrong' })
    expect(await removeTotp(prisma, user.id)).toBe(false)
    expect(await removeTotp(prisma, 'x')).toBe(false)
    expect((await room.events(user.id)).filter((type) => type === 'factor.totp_removed')).toHaveLength(1)
    expect(await prisma.totpCredential.count({ where: { userId: user.id } })).toBe(0)
  })
})

/** Some other code. */
function wrong(right: string, nth: number): string {
  return String((Number(right) + 1 + nth) % 1_000_000).padStart(6, '0')
}
