import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Middleware } from 'koa'
import { checkCsrf, csrfGuard, csrfToken, field, formBody } from '../../../src/http/index.ts'
import { csrfKeys, type Stack, startStack } from './stack.ts'

const origin = 'https://id.example.com'
const login: Middleware = (ctx) => {
  if (ctx.method === 'POST') checkCsrf(ctx, csrfKeys, 'uid-1', field(ctx.request.body, 'csrf'))
  ctx.body = 'signed in'
}

let stack: Stack
beforeAll(async () => {
  stack = await startStack({
    issuer: origin,
    trustedProxies: ['127.0.0.1'],
    middleware: [csrfGuard({ origin }), formBody(), login],
  })
})
afterAll(() => stack.listener.close(100))

const token = csrfToken(csrfKeys, 'uid-1')
const post = async (headers: Record<string, string>, csrf: string | undefined = token): Promise<number> => {
  const type = { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-proto': 'https' }
  const body = `csrf=${encodeURIComponent(csrf)}`
  return (await stack.send('/login', { method: 'POST', headers: { ...type, ...headers }, body })).status
}

describe('a hosted form (SE-06)', () => {
  test.each<Record<string, string>>([
    { 'sec-fetch-site': 'same-origin', origin },
    { 'sec-fetch-site': 'same-origin', origin: 'null' },
    { 'sec-fetch-site': 'none' },
    { origin },
    { referer: `${origin}/interaction/uid-1` },
    {},
  ])('is taken from our own page: %j', async (headers) => {
    expect(await post(headers)).toBe(200)
  })

  test.each<Record<string, string>>([
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site', origin: 'null' },
    { 'sec-fetch-site': 'same-site', origin: 'https://sub.id.example.com' },
    { 'sec-fetch-site': 'cross-site', origin },
    { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
    { origin: 'https://evil.example' },
    { origin: 'http://id.example.com' },
    { origin: 'https://id.example.com.evil.example' },
    { origin: `${origin}:8443` },
    { referer: 'https://evil.example/?https://id.example.com' },
    { referer: 'nonsense' },
    { origin: 'null', referer: 'https://evil.example/' },
  ])('is refused with 403 from elsewhere, even with a good token: %j', async (headers) => {
    expect(await post(headers)).toBe(403)
  })

  test.each([
    ['without token', ''],
    ['with a token of another sign-in', csrfToken(csrfKeys, 'uid-2')],
    ['with a made-up token', 'A'.repeat(43)],
  ])('is refused with 403 %s', async (_, csrf) => {
    expect(await post({ 'sec-fetch-site': 'same-origin', origin }, csrf)).toBe(403)
  })

  test('says why in the log, not in the answer', async () => {
    await post({ origin: 'https://evil.example' })
    await post({}, 'x')
    expect(stack.log.at(-2)).toContain('"refused":"cross_site"')
    expect(stack.log.at(-1)).toContain('"refused":"csrf_token"')
  })

  test('may be looked at from anywhere', async () => {
    const headers = { 'x-forwarded-proto': 'https', 'sec-fetch-site': 'cross-site' }
    expect((await stack.send('/login', { headers })).status).toBe(200)
  })
})
