import { describe, expect, test } from '@jest/globals'
import { normaliseEmail } from '../../../src/users/email.ts'

describe('normaliseEmail', () => {
  test.each([
    ['ada@example.test', 'ada@example.test'],
    ['  Ada.Lovelace@Example.TEST \n', 'ada.lovelace@example.test'],
    ['a+b_c%d@sub.example.co', 'a+b_c%d@sub.example.co'],
    ["o'brien@example.test", "o'brien@example.test"],
    ['zoe\u0308@example.test', 'zo\u00eb@example.test'],
    ['用户@例子.test', '用户@例子.test'],
    [`${'a'.repeat(64)}@${'b'.repeat(63)}.test`, `${'a'.repeat(64)}@${'b'.repeat(63)}.test`],
  ])('gives %j the one spelling %j', (input, expected) => {
    expect(normaliseEmail(input)).toBe(expected)
  })

  test('gives the same spelling when applied again', () => {
    for (const input of ['İstanbul@Example.test', 'ZOE\u0308@EXAMPLE.TEST', '\u212Aelvin@example.test']) {
      const once = normaliseEmail(input)
      expect(once).not.toBeNull()
      expect(normaliseEmail(once ?? '')).toBe(once)
    }
  })

  test.each([
    '',
    ' ',
    'ada',
    'ada@',
    '@example.test',
    'ada@example',
    'ada@@example.test',
    'ada@exa mple.test',
    'ada lovelace@example.test',
    'ada@-example.test',
    'ada@example-.test',
    'ada@example..test',
    'ada@.example.test',
    'ada@example.test.',
    '.ada@example.test',
    'ada.@example.test',
    'a..da@example.test',
    '"ada"@example.test',
    'ada@[127.0.0.1]',
    'ada@example.test\u0000',
    'a\u0000da@example.test',
    'ada\r\nbcc: eve@example.test@example.test',
    'ada\u200b@example.test',
    'ada\ud800@example.test',
    'ada<script>@example.test',
    `${'a'.repeat(65)}@example.test`,
    `ada@${'b'.repeat(64)}.test`,
    `ada@${Array.from({ length: 60 }, () => 'abcd').join('.')}.test`,
    `${'ö'.repeat(60)}@${'ö'.repeat(63)}.${'ö'.repeat(20)}.test`,
    'a'.repeat(1_000_000),
  ])('refuses %j', (input) => {
    expect(normaliseEmail(input)).toBeNull()
  })
})
