import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { Context } from 'koa'
import { checkCsrf, csrfToken } from '../../../src/http/index.ts'

const [newer, older, stranger] = [randomBytes(32), randomBytes(32), randomBytes(32)]
const passes = (token: unknown, binding: string): boolean => {
  try {
    checkCsrf({ state: {} } as Context, [newer, older], binding, token)
    return true
  } catch {
    return false
  }
}

describe('a CSRF token (SE-06)', () => {
  test('passes for what it was made for, under every key of the ring', () => {
    expect(passes(csrfToken([newer, older], 'uid-1'), 'uid-1')).toBe(true)
    expect(passes(csrfToken([older], 'uid-1'), 'uid-1')).toBe(true)
  })

  test.each([
    ['made for another form', csrfToken([newer], 'uid-2')],
    ['made under a foreign key', csrfToken([stranger], 'uid-1')],
    ['that is cut', csrfToken([newer], 'uid-1').slice(0, -1)],
    ['that is empty', ''],
    ['that is absent', undefined],
    ['that is a list', [csrfToken([newer], 'uid-1')]],
    ['with a letter of two bytes', `${csrfToken([newer], 'uid-1').slice(0, -1)}é`],
  ])('does not pass when it is one %s', (_, token) => {
    expect(passes(token, 'uid-1')).toBe(false)
  })

  test('cannot be made without a key', () => {
    expect(() => csrfToken([], 'uid-1')).toThrow('needs a key')
  })
})
