import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Stack, startStack } from './stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack({
    middleware: [
      (ctx) => {
        ctx.body = 'handled'
      },
    ],
  })
})
afterAll(() => stack.listener.close(100))

const rawRequest = (target: string, headers = ''): Promise<string> =>
  stack.raw(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${stack.port}\r\n${headers}Connection: close\r\n\r\n`)

describe('a malformed request (HT-06)', () => {
  test.each([
    '/auth?state=%00',
    '/auth?client_id=a%00b',
    '/auth/%00',
    '/auth?state=100%',
    '/auth?state=%zz',
    '/auth?state=%C0%AF',
    '/auth?state=%ED%A0%80',
    '/auth?state=%FF',
    '/%',
    '*',
    'auth',
    '?x',
    'http:/x',
    '/\x80',
    '/auth?state=\xff',
    '/.unreadable',
  ])('is refused with 400: target %j', async (target) => {
    expect(await rawRequest(target)).toMatch(/^HTTP\/1.1 400 /)
  })

  test.each([
    ['two authorizations', 'Authorization: Bearer a\r\nAuthorization: Bearer b\r\n'],
    ['two content types', 'Content-Type: text/plain\r\nContent-Type: application/json\r\n'],
    [
      'NUL in Basic credentials',
      `Authorization: Basic ${Buffer.from('client:sec\0ret').toString('base64')}\r\n`,
    ],
    [
      'encoded NUL in Basic credentials',
      `Authorization: Basic ${Buffer.from('cli%00ent:x').toString('base64')}\r\n`,
    ],
    ['a raw NUL in a header', 'X-Any: a\0b\r\n'],
    ['a folded header', 'X-Any: a\r\n b\r\n'],
    ['a space before the colon', 'X-Any : a\r\n'],
  ])('is refused with 400: %s', async (_, headers) => {
    expect(await rawRequest('/', headers)).toMatch(/^HTTP\/1.1 400 /)
  })

  test('of headers beyond 16 KB is refused with 431', async () => {
    expect(await rawRequest('/', `X-Any: ${'x'.repeat(17 * 1024)}\r\n`)).toMatch(/^HTTP\/1.1 431 /)
  })

  test('fails no request that is merely odd', async () => {
    const odd = [
      '//evil.example/x',
      '/a/../b',
      '/a?__proto__=x&a[]=1&a[b]=2',
      '/a?max_age=1e309',
      '/%E2%82%AC?%F0%9F%98%80',
      '/a?{|}',
    ]
    for (const target of odd) expect(await rawRequest(target)).toMatch(/^HTTP\/1.1 200 /)
    expect(await rawRequest(`/a?scope=${'s%20'.repeat(3000)}`)).toMatch(/^HTTP\/1.1 200 /)
    expect(await rawRequest('/', 'Cookie: a=\xff\x80; =; ;;b\r\nAuthorization: Basic ***\r\n')).toMatch(
      /^HTTP\/1.1 200 /,
    )
  })

  test('of random bytes in target and headers gets 2xx or 4xx, or no answer', async () => {
    const letter = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
    const nasty = fc.constantFrom(
      '%00',
      '%',
      '//',
      ':',
      '@',
      '[',
      '\\',
      '?',
      '#',
      'http://',
      '\0',
      '%ED%A0%80',
      ' ',
    )
    const text = fc.array(fc.oneof(letter, nasty), { maxLength: 30 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(text, text, async (target, value) => {
        const answer = await rawRequest(target, `X-Any: ${value}\r\n`)
        expect(answer).toMatch(/^(HTTP\/1.1 [24]|$)/)
      }),
      { numRuns: 300 },
    )
  })

  test('never gives a 5xx and logs no failure', () => {
    expect(stack.log.filter((line) => /"status":5/.test(line))).toEqual([])
  })
})
