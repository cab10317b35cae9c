import { describe, expect, test } from '@jest/globals'
import {
  newRecoveryCode,
  parseRecoveryCode,
  recoveryCodeDigest,
} from '../../../src/users/recovery-code-format.ts'

const ada = '01900000-0000-7000-8000-00000000000a'
const bob = '01900000-0000-7000-8000-00000000000b'

describe('recovery codes', () => {
  test('are 16 characters of 5 bits in groups of four, and all of the alphabet occurs (RE-01)', () => {
    const codes = Array.from({ length: 1000 }, newRecoveryCode)
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/)
    expect(new Set(codes).size).toBe(1000)
    expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32)
  })

  test.each([
    'ABCD-EFGH-JKMN-0123',
    'abcd-efgh-jkmn-0123',
    'abcdefghjkmn0123',
    '  ABCD EFGH JKMN 0123\n',
    'ABCD–EFGH—JKMN‑0123',
    'ABCD-EFGH-JKMN-OI23',
    'ABCD-EFGH-JKMN-ol23',
    'ＡＢＣＤ-EFGH-JKMN-0123',
  ])('are read as typed: %j', (typed) => {
    expect(parseRecoveryCode(typed)).toBe('ABCDEFGHJKMN0123')
  })

  test.each([
    '',
    'ABCD-EFGH-JKMN-012',
    'ABCD-EFGH-JKMN-01234',
    'ABCD-EFGH-JKMN-012U',
    'ABCD-EFGH-JKMN-012\u0000',
    'A'.repeat(1_000_000),
    null,
    undefined,
    ['ABCD-EFGH-JKMN-0123'],
    { toString: () => 'ABCD-EFGH-JKMN-0123' },
    1234567890123456,
  ])('are not %j (MF-06)', (input) => {
    expect(parseRecoveryCode(input)).toBeNull()
  })

  test('are stored as a digest that belongs to one user', () => {
    const code = newRecoveryCode()
    const stored = recoveryCodeDigest(ada, code)
    expect(recoveryCodeDigest(ada, parseRecoveryCode(code) ?? '')).toEqual(stored)
    expect(recoveryCodeDigest(bob, code)).not.toEqual(stored)
    expect(stored).toHaveLength(32)
  })
})
