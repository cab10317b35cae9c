import { statSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { dictionary as common } from '@zxcvbn-ts/language-common'
import { createPasswordRules, passwordProblem } from '../../../src/users/index.ts'

const script = new URL('../../../public/new-password.js', import.meta.url)
type Judge = (
  password: string,
  page: { least: number; score: number; personal: string[] },
) => { level: string; missing?: number }
// By a computed name: scripts are plain JavaScript, which has no types to import.
const { judge } = (await import(script.href)) as { judge: Judge }
const page = { least: 8, score: 2, personal: ['ada.lovelace@example.test', 'Ada Lovelace', 'Cardea'] }
const levelOf = (password: string) => judge(password, page).level

describe('the estimate that a page shows while a password is typed', () => {
  test('comes in a script of less than 30 kB, and no other is needed', () => {
    expect(statSync(script).size).toBeLessThan(30_000)
  })

  test.each([
    ['', 'more'],
    ['seven c', 'more'],
    ['\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f3a9}\u{1f9ca}\u{1f422}', 'more'],
    ['ada.lovelace', 'personal'],
    ['Cardea2026', 'personal'],
    ['password', 'easy'],
    ['p4$$w0rd!!', 'easy'],
    ['Summer2026!', 'easy'],
    ['butterscotch', 'easy'],
    ['qwertyuiop', 'easy'],
    ['1qaz2wsx', 'easy'],
    ['abcabcabcabc', 'easy'],
    ['aaaaaaaaaaaa', 'easy'],
    ['11.12.1990', 'easy'],
    ['vK8#qz1L', 'fair'],
    ['purple-tractor', 'fair'],
    ['seven quiet otters knitting', 'good'],
    ['пароль-на-завтра', 'good'],
    ['q7Vd-92kx-Lw0z', 'good'],
  ])('says of %j: %s', (password, level) => {
    expect(levelOf(password)).toBe(level)
  })

  test('says how many characters are missing, and counts as the server does', () => {
    expect(judge('four', page)).toEqual({ level: 'more', missing: 4 })
    expect(judge('ﬁve', { ...page, least: 15 })).toEqual({ level: 'more', missing: 11 })
  })

  test('asks for more where the server does', () => {
    const levels = [0, 1, 2, 3, 4].map((score) => judge('purple-tractor', { ...page, score }).level)
    expect(levels).toEqual(['good', 'good', 'fair', 'easy', 'easy'])
  })

  test('calls nothing hard to guess that the server refuses, of 400 leaked passwords and what people make of them', async () => {
    const rules = createPasswordRules({ secondFactor: 'required', leastScore: 2, names: ['Cardea'] })
    const leaked = (common['passwords-common'] as (string | number)[]).map(String)
    const some = leaked.filter((_, at) => at % 300 === 0)
    const made = some.flatMap((word) => [
      word,
      `${word}1!`,
      word.replaceAll('a', '4').replaceAll('e', '3'),
      `${word}${word}`,
    ])
    const hard = made.filter((password) => levelOf(password) === 'good').slice(0, 400)
    const refused: string[] = []
    for (const password of hard)
      if (await passwordProblem(rules, { email: 'x@y.test', password })) refused.push(password)
    expect(made.length).toBeGreaterThan(400)
    expect(refused).toEqual([])
  })

  test('takes no time over what is pasted by mistake', () => {
    const startedAt = performance.now()
    for (const text of ['a'.repeat(1e6), 'ab'.repeat(5e5), `${'aA1!'.repeat(2e5)}x`]) {
      judge(text, page)
    }
    expect(performance.now() - startedAt).toBeLessThan(1500)
  })
})
