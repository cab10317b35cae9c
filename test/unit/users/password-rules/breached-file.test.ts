import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import {
  createFileLookup,
  createPasswordRules,
  createRangeLookup,
  passwordProblem,
} from '../../../../src/users/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'breached-'))
afterAll(() => rmSync(dir, { recursive: true }))

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()
const leaked = Array.from({ length: 5000 }, (_, nth) => `leaked number ${nth}`)
const sorted = leaked.map(sha1).sort()

function list(content: string | Buffer) {
  const path = join(dir, `${Math.random()}.txt`)
  writeFileSync(path, content)
  return createFileLookup(path)
}

describe('a file of leaked passwords (PW-02)', () => {
  test.each([
    ['with counts', sorted.map((hash, nth) => `${hash}:${nth * 977 + 1}\n`).join('')],
    ['without', sorted.map((hash) => `${hash}\n`).join('')],
    ['by Windows', sorted.map((hash, nth) => `${hash}:${nth + 1}\r\n`).join('')],
    ['without an end', sorted.join('\n')],
    ['in lower case', sorted.join('\n').toLowerCase()],
  ])('%s: every one is found, and no other', async (_, content) => {
    const find = list(content)
    for (const hash of [sorted[0], sorted.at(-1), ...sorted.filter((__, at) => at % 97 === 0)])
      expect(await find(hash ?? '')).toBe(true)
    for (const hash of [
      '0'.repeat(40),
      'F'.repeat(40),
      ...leaked.slice(0, 50).map((text) => sha1(`${text}!`)),
    ])
      expect(await find(hash)).toBe(false)
  })

  test('of one line, or of none, is a list too', async () => {
    expect(await list(sha1('a'))(sha1('a'))).toBe(true)
    expect(await list(sha1('a'))(sha1('b'))).toBe(false)
    expect(await list('')(sha1('a'))).toBe(false)
    expect(await list(`${sha1('a')}:0\n`)(sha1('a'))).toBe(false)
  })

  test.each([
    ['something else', 'password\n123456\nqwerty\n'.repeat(50)],
    ['one endless line', 'A'.repeat(10_000)],
    ['MD5', '5F4DCC3B5AA765D61D8327DEB882CF99:1\n'.repeat(50)],
    ['bytes', Buffer.alloc(5000, 0xff)],
  ])('that holds %s is trouble, not an answer', async (_, content) => {
    await expect(list(content)(sha1('a'))).rejects.toThrow('no line of a list of SHA-1 hashes')
  })
})

describe('a range of leaked passwords (PW-02)', () => {
  const [prefix, suffix] = [sha1('a').slice(0, 5), sha1('a').slice(5)]

  test('is asked for by five digits, and read whatever its lines end with', async () => {
    const asked: string[] = []
    const answering = (text: string) =>
      createRangeLookup((start) => (asked.push(start), Promise.resolve(text)))
    expect(await answering(`${'0'.repeat(35)}:3\r\n${suffix}:7`)(sha1('a'))).toBe(true)
    expect(await answering(`${suffix.toLowerCase()}:1\n`)(sha1('a'))).toBe(true)
    expect(await answering(`${suffix}:0\r\n`)(sha1('a'))).toBe(false)
    expect(await answering(`${'0'.repeat(35)}:3`)(sha1('a'))).toBe(false)
    expect(await answering('')(sha1('a'))).toBe(false)
    expect(new Set(asked)).toEqual(new Set([prefix]))
  })

  test.each(['<html>', suffix, `${suffix}:x`, `${suffix}:1\n<html>`, '{"error":"no"}'])(
    'that says %j is trouble, not an answer',
    async (text) => {
      await expect(createRangeLookup(() => Promise.resolve(text))(sha1('a'))).rejects.toThrow('no range')
    },
  )
})

describe('a password that has leaked', () => {
  const rulesWith = (find: (hash: string) => Promise<boolean>, told: unknown[] = []) =>
    createPasswordRules({
      ...{ secondFactor: 'required', leastScore: 0, names: [] },
      breached: {
        find,
        onOutcome: (outcome, error) => told.push(error ? [outcome, error.message] : outcome),
      },
    })
  const about = { email: 'ada@example.test', password: 'leaked number 4711' }

  test('is refused, and the person is told that it has leaked', async () => {
    const told: unknown[] = []
    const rules = rulesWith(list(sorted.join('\n')), told)
    expect(await passwordProblem(rules, about)).toEqual({
      reason: 'breached',
      text: { key: 'passwords:problem.breached' },
    })
    expect(await passwordProblem(rules, { ...about, password: 'leaked number five thousand' })).toBeNull()
    expect(told).toEqual(['breached', 'clean'])
  })

  test('is looked up as it was typed and in its normal form', async () => {
    const asked: string[] = []
    const rules = rulesWith((hash) => Promise.resolve(asked.push(hash) < 0))
    await passwordProblem(rules, { ...about, password: 'Zoe\u0308 leaked this' })
    expect(asked).toEqual([sha1('Zoe\u0308 leaked this'), sha1('Zo\u00eb leaked this')])
  })

  test('is let through when the list cannot be asked, and the operator is told', async () => {
    const told: unknown[] = []
    const rules = rulesWith(createFileLookup(join(dir, 'nowhere')), told)
    expect(await passwordProblem(rules, about)).toBeNull()
    expect(told).toEqual([['failed', expect.stringContaining('ENOENT')]])
  })

  test('is not looked up when it is refused for another reason', async () => {
    const told: unknown[] = []
    const rules = rulesWith(() => Promise.resolve(true), told)
    expect((await passwordProblem(rules, { ...about, password: 'password' }))?.reason).toBe('too_common')
    expect(told).toEqual([])
  })
})
