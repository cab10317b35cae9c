import { describe, expect, test } from '@jest/globals'
import { passwordProblem } from '../../../src/users/password-policy.ts'

const context = { email: 'ada.lovelace@example.test', words: ['Ada Lovelace', 'Cardea'] }

describe('passwordProblem', () => {
  test.each([
    'correct horse battery staple',
    'tr0mpete',
    'vK8#qz1L',
    ' leading space',
    'trailing space ',
    '\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f3a9}\u{1f9ca}\u{1f422}\u{1f95d}',
    'пароль-на-завтра',
    'x7'.repeat(4) + 'plus more of it',
    'the password of my summer house',
    'hosanna in the highest',
    'z9'.concat('q'.repeat(1022)),
  ])('has nothing against %j (PW-01)', (password) => {
    expect(passwordProblem(password, context)).toBeNull()
  })

  test('counts code points, not bytes or UTF-16 units (PW-01)', () => {
    expect(passwordProblem('\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f3a9}\u{1f9ca}\u{1f422}', context)).toBe(
      'too_short',
    )
  })

  test.each([
    ['', 'too_short'],
    ['vK8#qz1', 'too_short'],
    ['x'.repeat(1025), 'too_long'],
    ['ö'.repeat(513), 'too_long'],
    ['valid but \ud800 broken', 'malformed'],
    ['ada.lovelace@example.test', 'contains_email'],
    ['Ada.Lovelace1815', 'contains_email'],
    ['ADA LOVELACE!!', 'contains_context'],
    ['Cardea-2026', 'contains_context'],
  ])('finds %j %s (PW-01, PW-02)', (password, problem) => {
    expect(passwordProblem(password, context)).toBe(problem)
  })

  test.each([
    'password',
    'Password123456789',
    'p4$$w0rd',
    'P@ssw0rd!!',
    '123password321',
    'Welcome2026!',
    'Summer2026!',
    'iloveyou',
    'I love you',
    'letmein1234',
    'trustno1',
    'starwars77',
    'football',
    '12345678',
    '0987654321',
    '123123123',
    '11111111',
    'aaaaaaaaaaaa',
    'abababab',
    'abcd1234',
    'qwertyuiop',
    'poiuytrewq',
    'asdfghjkl',
    '1q2w3e4r5t',
    '1qaz2wsx',
    'abcdefgh',
    'ＰＡＳＳＷＯＲＤ',
  ])('finds %j too common (PW-02)', (password) => {
    expect(passwordProblem(password, context)).toBe('too_common')
  })
})
