import { describe, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import { matchTotpCode, parseTotpCode, totpStepAt } from '../../../src/users/totp-code.ts'

// RFC 6238 appendix B: the ASCII bytes 12345678901234567890, in base32.
const rfcSeed = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const now = new Date('2026-11-21T12:00:10Z')
const step = totpStepAt(now)
const codeAt = (which: number) => generate({ secret: rfcSeed, epoch: which * 30 })

describe('parseTotpCode', () => {
  test.each([
    ['123456', '123456'],
    [' 123 456 ', '123456'],
    ['1 2 3 4 5 6', '123456'],
    ['123\u00a0456', '123456'],
    ['１２３４５６', '123456'],
    ['000000', '000000'],
  ])('reads %j as %s', (input, expected) => {
    expect(parseTotpCode(input)).toBe(expected)
  })

  test.each([
    '',
    ' ',
    '12345',
    '1234567',
    '12345a',
    '-12345',
    '1e5000',
    '12.456',
    '٠١٢٣٤٥',
    '123456\u0000',
    '0x1234',
    ' '.repeat(1000) + '123456',
    null,
    undefined,
    123456,
    ['123456'],
    ['1', '2', '3', '4', '5', '6'],
    { toString: () => '123456' },
    true,
    NaN,
  ])('takes %j for no code (MF-06)', (input) => {
    expect(parseTotpCode(input)).toBeNull()
  })
})

describe('matchTotpCode', () => {
  test.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('knows the code of the RFC at second %d: %s (RFC 6238 appendix B)', async (second, code) => {
    const at = new Date(second * 1000)
    await expect(matchTotpCode(rfcSeed, { code, now: at, lastStep: null })).resolves.toEqual({
      found: 'step',
      step: Math.floor(second / 30),
    })
  })

  test.each([
    [-2, false],
    [-1, true],
    [0, true],
    [1, true],
    [2, false],
  ])('a code of %d steps from now is good: %s (MF-02, RFC 6238 §5.2)', async (offset, good) => {
    for (const second of [0, 1, 15, 29]) {
      const at = new Date((step * 30 + second) * 1000)
      const match = await matchTotpCode(rfcSeed, {
        code: await codeAt(step + offset),
        now: at,
        lastStep: null,
      })
      expect(match).toEqual(good ? { found: 'step', step: step + offset } : { found: 'nothing' })
    }
  })

  test.each([
    [-1, -1, 'spent'],
    [0, 0, 'spent'],
    [1, 1, 'spent'],
    [-1, 0, 'spent'],
    [0, 1, 'spent'],
    [0, -1, 'step'],
    [1, 0, 'step'],
    [0, -1000, 'step'],
  ])('a code of step %d after one of step %d was accepted is %s (MF-03)', async (offset, last, found) => {
    const match = await matchTotpCode(rfcSeed, {
      code: await codeAt(step + offset),
      now,
      lastStep: step + last,
    })
    expect(match.found).toBe(found)
  })

  test.each([2, 10, 100_000])(
    'a clock that went back %d steps behind the last code is no error (FT-15)',
    async (back) => {
      const lastStep = step + back
      const good = await codeAt(step)
      await expect(matchTotpCode(rfcSeed, { code: good, now, lastStep })).resolves.toEqual({ found: 'spent' })
      await expect(matchTotpCode(rfcSeed, { code: '000000', now, lastStep })).resolves.toEqual({
        found: 'nothing',
      })
    },
  )

  test('of two neighbouring steps with one and the same code the newer is still good when the older is spent (F4)', async () => {
    const twin = 59_061_240
    const code = '963181'
    expect([await codeAt(twin), await codeAt(twin + 1)]).toEqual([code, code])
    const at = new Date((twin + 1) * 30_000)
    await expect(matchTotpCode(rfcSeed, { code, now: at, lastStep: null })).resolves.toEqual({
      found: 'step',
      step: twin,
    })
    await expect(matchTotpCode(rfcSeed, { code, now: at, lastStep: twin })).resolves.toEqual({
      found: 'step',
      step: twin + 1,
    })
    await expect(matchTotpCode(rfcSeed, { code, now: at, lastStep: twin + 1 })).resolves.toEqual({
      found: 'spent',
    })
  })
})
