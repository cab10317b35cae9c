import { describe, expect, test } from '@jest/globals'
import { isLanguage, translate } from '../../../../src/language/index.ts'
import { createPasswordRules, passwordProblem } from '../../../../src/users/index.ts'

const names = ['Cardea', 'id.northwind.test', 'northwind']
const about = { email: 'ada.lovelace@example.test', name: 'Ada Lovelace' }
const rules = createPasswordRules({ secondFactor: 'required', leastScore: 2, names })
const alone = createPasswordRules({ secondFactor: 'optional', leastScore: 2, names })
const reasonFor = async (password: string, by = rules) =>
  (await passwordProblem(by, { ...about, password }))?.reason ?? null

describe('passwordProblem', () => {
  test.each([
    'correct horse battery staple',
    'vK8#qz1L',
    ' leading space',
    'trailing space ',
    '\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f3a9}\u{1f9ca}\u{1f422}\u{1f95d}',
    'пароль-на-завтра',
    'x7'.repeat(4) + 'plus more of it',
    'the password of my summer house',
    'hosanna in the highest',
    'a tractor that ate nineteen lemons and then went to sleep in the barn, quite content',
    'z9'.repeat(32) + 'seven quiet otters knitting',
    'seven quiet otters knitting' + 'z9'.repeat(480),
  ])('has nothing against %j (PW-01)', async (password) => {
    expect(await passwordProblem(rules, { ...about, password })).toBeNull()
  })

  test.each([
    ['vK8#qz1', rules, 'too_short'],
    ['vK8#qz1L', rules, null],
    ['vK8#qz1L', alone, 'too_short'],
    ['vK8#qz1LvY3!mu', alone, 'too_short'],
    ['vK8#qz1LvY3!mu9', alone, null],
  ])(
    '%s: eight characters before a second factor, fifteen where the password may be alone (PW-01)',
    async (...row) => {
      const [password, by, reason] = row
      expect(await reasonFor(password, by)).toBe(reason)
    },
  )

  test('counts code points of the normal form, not bytes or UTF-16 units (PW-01)', async () => {
    expect(await reasonFor('\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f3a9}\u{1f9ca}\u{1f422}')).toBe(
      'too_short',
    )
    expect(await reasonFor('ze\u0308bra!x')).toBe('too_short')
  })

  test.each([
    ['', 'too_short'],
    ['x'.repeat(1025), 'too_long'],
    ['ö'.repeat(513), 'too_long'],
    ['valid but \ud800 broken', 'malformed'],
    ['ada.lovelace@example.test', 'contains_email'],
    ['Ada.Lovelace1815', 'contains_email'],
    ['4d4.l0v3l4c3!', 'contains_email'],
    ['ecalevol.ada77', 'contains_email'],
    ['ADA LOVELACE!!', 'contains_email'],
    ['Cardea-2026', 'contains_context'],
    ['C@rd34-2026', 'contains_context'],
    ['n0rthw1nd!!', 'contains_context'],
    ['lovelace-northwind', 'contains_context'],
  ])('finds %j %s (PW-01, PW-02)', async (password, reason) => {
    expect(await reasonFor(password)).toBe(reason)
  })

  test('takes accents in a name for nothing', async () => {
    const problem = await passwordProblem(rules, {
      email: 'x@y.test',
      name: 'Zoë Ångström',
      password: 'zoe-angstrom1',
    })
    expect(problem?.reason).toBe('contains_context')
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
  ])('finds %j too common (PW-02)', async (password) => {
    expect(await reasonFor(password)).toBe('too_common')
  })

  test.each([
    ['tr0mpete', 'passwords:weak.word'],
    ['butterscotch', 'passwords:weak.word'],
    ['jonathan1987', 'passwords:weak.word'],
    ['11.12.1990', 'passwords:weak.date'],
    ['dfghjkl;', 'passwords:weak.keys'],
    ['papadopoulos', 'passwords:weak.name'],
    ['9876543210ab', 'passwords:weak.sequence'],
  ])('finds %j too weak and says why: %s (PW-02)', async (password, key) => {
    const problem = await passwordProblem(rules, { ...about, password })
    expect(problem?.reason).toBe('too_weak')
    expect(problem?.text.key).toBe(key)
  })

  test('asks for as much as it is configured to, and for nothing with 0', async () => {
    const strict = createPasswordRules({ secondFactor: 'required', leastScore: 4, names })
    const lax = createPasswordRules({ secondFactor: 'required', leastScore: 0, names })
    expect(await reasonFor('a new password', strict)).toBe('too_weak')
    expect(await reasonFor('a new password', rules)).toBeNull()
    expect(await reasonFor('butterscotch', lax)).toBeNull()
    expect(await reasonFor('password', lax)).toBe('too_common')
  })

  test('tells each reason in a sentence of its own, in English and German', async () => {
    const told = await Promise.all(
      [
        '',
        'x'.repeat(2000),
        '\ud800 is broken',
        about.email,
        'cardea cardea',
        'password',
        'butterscotch',
      ].map(async (password) => (await passwordProblem(rules, { ...about, password }))?.text),
    )
    for (const language of ['en', 'de'].filter(isLanguage)) {
      const sentences = told.map((text) => (text ? translate(language, text) : ''))
      expect(new Set(sentences).size).toBe(told.length)
      for (const sentence of sentences) expect(sentence).toMatch(/^\p{Lu}.{20,}\.$/u)
    }
    expect(told[0] && translate('en', told[0])).toBe('This password is too short. Use at least 8 characters.')
  })
})

describe('a password meant to cost much (PW-03)', () => {
  const hostile = [
    '4@8({[<369&#!1/|0$5+7%2'.repeat(44),
    'p4$$w0rd'.repeat(128),
    '0123456789'.repeat(102),
    '1/1/1991'.repeat(128),
    Array.from({ length: 1024 }, (_, at) => String.fromCharCode(33 + ((at * 7919) % 94))).join(''),
    '|\\/|()|-|'.repeat(113),
    'ﷺ'.repeat(341),
  ]

  test('is judged in well under a second, and never keeps the process from answering', async () => {
    await reasonFor('the dictionaries are loaded now')
    const before = performance.eventLoopUtilization()
    for (const password of hostile) {
      const startedAt = performance.now()
      await passwordProblem(rules, { ...about, password })
      expect(performance.now() - startedAt).toBeLessThan(1500)
    }
    // Judged in this thread it would be nearly 1.
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5)
  })

  test('is refused at 1 MB at once, without any work', async () => {
    const startedAt = performance.now()
    for (let nth = 0; nth < 100; nth += 1) expect(await reasonFor('aA1!'.repeat(250_000))).toBe('too_long')
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  test('is not judged by the hundred: the rest is told to come back', async () => {
    const stampede = Array.from({ length: 60 }, (_, nth) => reasonFor(`${nth} tractors ate lemons`))
    const outcomes = await Promise.allSettled(stampede)
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(28)
    for (const outcome of refused) expect(outcome).toHaveProperty('reason.statusCode', 503)
    expect(await reasonFor('and after it all goes on')).toBeNull()
  })
})
