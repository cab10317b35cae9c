import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  countRecoveryCodes,
  factorsOf,
  generateRecoveryCodes,
  markOfRecoveryCodes,
  markRecoveryCodesSaved,
  recoveryCodesState,
  setDisabled,
  useRecoveryCode,
} from '../../../src/users/index.ts'
import { openRoom, race } from './room.ts'
import type { Room } from './room.ts'

let room: Room
beforeAll(async () => (room = await openRoom()))
afterAll(() => room.close())

const generateFor = (userId: string) => generateRecoveryCodes(room.database.prisma, userId)
const use = (userId: string, code: unknown) => useRecoveryCode(room, { userId, code })
const wrong = { ok: false, reason: 'wrong' }

describe('recovery codes', () => {
  test('are ten different ones, and none of them is stored (RE-01)', async () => {
    const user = await room.addUser()
    const codes = await generateFor(user.id)
    expect(new Set(codes).size).toBe(10)
    expect(await factorsOf(room.database.prisma, user.id)).toEqual({
      totp: false,
      passkeys: 0,
      recoveryCodes: 10,
    })
    const rows = await room.database.prisma.recoveryCode.findMany()
    const stored = rows.map(({ digest }) => Buffer.from(digest).toString('latin1')).join()
    for (const code of codes) expect(stored).not.toContain(code.replaceAll('-', ''))
    expect(await room.events(user.id)).toEqual(['user.created', 'factor.recovery_codes_generated'])
  })

  test('work once each, however they are typed, and the use is recorded (RE-01)', async () => {
    const user = await room.addUser()
    const [first = '', second = ''] = await generateFor(user.id)
    expect(await use(user.id, first)).toEqual({ ok: true })
    expect(await use(user.id, first)).toEqual(wrong)
    expect(await use(user.id, ` ${second.toLowerCase().replaceAll('-', ' ')} `)).toEqual({ ok: true })
    expect(await countRecoveryCodes(room.database.prisma, user.id)).toBe(8)
    const events = (await room.events(user.id)).slice(2)
    expect(events).toEqual([
      'sign_in.recovery_code_used',
      'sign_in.recovery_code_failed',
      'sign_in.recovery_code_used',
    ])
  })

  test('end when new ones are made (RE-01)', async () => {
    const user = await room.addUser()
    const [old] = await generateFor(user.id)
    const [fresh] = await generateFor(user.id)
    expect(await use(user.id, old)).toEqual(wrong)
    expect(await use(user.id, fresh)).toEqual({ ok: true })
    expect(await countRecoveryCodes(room.database.prisma, user.id)).toBe(9)
  })

  test('made twice at one moment leave one set good (RE-01, FT-14)', async () => {
    const user = await room.addUser()
    const sets = await race(room, 6, (_, { prisma }) => generateRecoveryCodes(prisma, user.id))
    expect(await countRecoveryCodes(room.database.prisma, user.id)).toBe(10)
    const firsts = []
    for (const [first] of sets.slice(0, 4)) firsts.push((await use(user.id, first)).ok)
    expect(firsts.filter(Boolean).length).toBeLessThanOrEqual(1)
  })

  test('that the version before made, or that were there before it was asked, count as saved (RE-01)', async () => {
    const user = await room.addUser()
    const { prisma } = room.database
    expect(await recoveryCodesState(prisma, user.id)).toBe('none')
    await prisma.$executeRaw`INSERT INTO recovery_codes (digest, user_id) VALUES ('\\x01'::bytea, ${user.id}::uuid)`
    expect(await recoveryCodesState(prisma, user.id)).toBe('saved')
    await generateFor(user.id)
    expect(await recoveryCodesState(prisma, user.id)).toBe('unsaved')
  })

  test('said to be saved while others are made are those that are good, or the word counts for nothing (RE-01, FT-14)', async () => {
    const user = await room.addUser()
    const { prisma } = room.database
    const mark = markOfRecoveryCodes(user.id, await generateFor(user.id))
    await race(room, 2, (nth, database) =>
      nth === 0
        ? database.transaction((tx) => markRecoveryCodesSaved(tx, user.id, { mark }))
        : generateRecoveryCodes(database.prisma, user.id).then(() => true),
    )
    expect(await recoveryCodesState(prisma, user.id)).toBe('unsaved')
  })

  test('belong to one user, who must not be disabled (DI-01)', async () => {
    const [ada, eve] = [await room.addUser(), await room.addUser()]
    const [code] = await generateFor(ada.id)
    expect(await use(eve.id, code)).toEqual(wrong)
    await setDisabled(room.database.prisma, ada.id, true)
    expect(await use(ada.id, code)).toEqual(wrong)
    await setDisabled(room.database.prisma, ada.id, false)
    expect(await use(ada.id, code)).toEqual({ ok: true })
  })

  test('five wrong ones block the right one, until the block ends; it is recorded once (TH-01)', async () => {
    const user = await room.addUser()
    const [right] = await generateFor(user.id)
    for (let nth = 0; nth < 5; nth += 1) expect(await use(user.id, 'AAAA-AAAA-AAAA-AAAA')).toEqual(wrong)
    for (let nth = 0; nth < 5; nth += 1)
      expect(await use(user.id, right)).toEqual({ ok: false, reason: 'throttled', retryAfter: 900 })
    expect((await room.events(user.id)).filter((type) => type === 'sign_in.throttled')).toHaveLength(1)
    room.turnClock(900)
    expect(await use(user.id, right)).toEqual({ ok: true })
  })

  test.each(['', 'x', null, undefined, 7, ['AAAA-AAAA-AAAA-AAAA'], '\u0000'.repeat(16)])(
    '%j is wrong, never an error, and no attempt (MF-06)',
    async (code) => {
      const user = await room.addUser()
      const [right] = await generateFor(user.id)
      for (let nth = 0; nth < 6; nth += 1) expect(await use(user.id, code)).toEqual(wrong)
      expect(await use('x', right)).toEqual(wrong)
      expect(await use(user.id, right)).toEqual({ ok: true })
    },
  )
})
