import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { safeOrigin } from '../../../src/cli/remote/address.ts'
import { clean, jsonText } from '../../../src/cli/remote/clean.ts'
import { refusalOf } from '../../../src/cli/remote/problem.ts'
import { documentOf, show, tableOf } from '../../../src/cli/remote/show.ts'

const evil = 'Ada\u001b[2J\u009b31m\u202egnp.exe\n\u0007'

describe('what a terminal is given', () => {
  test('has no control characters of anybody else, and none that turn the direction of writing', () => {
    expect(clean(evil)).toMatch(/^[^\p{Cc}\u202a-\u202e]+$/u)
    for (const line of [
      ...tableOf([{ name: evil }], ['name']),
      ...documentOf({ name: evil, list: [{ a: evil }] }),
    ])
      expect(line).toMatch(/^[^\p{Cc}\u202a-\u202e]+$/u)
  })

  test('has them in JSON as escapes, so that nothing is lost', () => {
    const text = jsonText({ name: evil }, 2)
    expect(text).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e]/u)
    expect(JSON.parse(text)).toEqual({ name: evil })
  })

  test('is a table with a column for each field, whatever is missing', () => {
    const items = [
      { id: 'a', actor: { via: 'cli' } },
      { id: 'bbb', actor: null, scopes: ['x'] },
    ]
    expect(tableOf(items, ['id', 'actor.via', 'scopes'])).toEqual([
      'id   actor via  scopes',
      'a    cli        –',
      'bbb  –          ["x"]',
    ])
    expect(tableOf([], ['id'])).toEqual(['There are none.'])
  })

  test('is nothing where the API answers nothing and JSON is wanted', () => {
    const stdout = new PassThrough()
    show({ env: {}, stdin: Readable.from([]), stdout, stderr: stdout }, true, undefined, () => ['x'])
    expect(stdout.read()).toBe(null)
  })
})

describe('the address of the API', () => {
  test.each([
    ['http://127.0.0.1:3001', 'http://127.0.0.1:3001'],
    ['http://localhost:3001/', 'http://localhost:3001'],
    ['http://[::1]:3001', 'http://[::1]:3001'],
    ['https://ops.example.com', 'https://ops.example.com'],
  ])('%s is one', (text, origin) => expect(safeOrigin(text)).toBe(origin))

  test.each([
    'http://ops.example.com',
    'http://10.0.0.1:3001',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'https://user:secret@ops.example.com',
    'https://ops.example.com/v1',
    'https://ops.example.com/?a=b',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'ops.example.com',
    '',
  ])('%s is refused', (text) => expect(() => safeOrigin(text)).toThrow())
})

describe('a problem of the API', () => {
  test.each([
    [400, 'invalid_parameter', 'bad_data'],
    [401, 'invalid_token', 'not_signed_in'],
    [403, 'insufficient_scope', 'forbidden'],
    [404, 'not_found', 'not_found'],
    [409, 'email_taken', 'already_exists'],
    [409, 'last_owner', 'failed'],
    [412, 'precondition_failed', 'failed'],
    [422, 'invalid_content', 'bad_data'],
    [429, 'too_many_requests', 'unavailable'],
    [500, 'internal_error', 'failed'],
    [503, 'unavailable', 'unavailable'],
  ])('with status %i, %s, is `%s`', (status, type, reason) => {
    const body = { type: `urn:cardea:problem:${type}`, title: 'A title', status, detail: 'It is so.' }
    const refusal = refusalOf('http://127.0.0.1', status, body)
    expect(refusal).toMatchObject({ reason, problem: body })
    expect(refusal.message).toMatch(/^A title\. It is so\./)
  })

  test('says where the faults are, and names the request where the log has more', () => {
    const errors = [
      { pointer: '/name', detail: 'is too long' },
      { parameter: 'limit', detail: 'is 0' },
    ]
    const wrong = { type: 'urn:cardea:problem:invalid_content', title: 'Not valid', status: 422, errors }
    expect(refusalOf('a', 422, wrong).message).toBe('Not valid.\n  /name  is too long\n  limit  is 0')
    const broken = {
      type: 'urn:cardea:problem:internal_error',
      title: 'Broken',
      status: 500,
      instance: 'urn:x',
    }
    expect(refusalOf('a', 500, broken).message).toContain('urn:x')
    expect(refusalOf('http://a', 502, '<html>').message).toBe(
      'http://a answers 502, and not as the admin API does.',
    )
  })
})
