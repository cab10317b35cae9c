import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Middleware } from 'koa'
import { type Stack, startStack } from './stack.ts'

const handler: Middleware = (ctx) => {
  if (ctx.path === '/page') ctx.body = '<!doctype html><form></form>'
  if (ctx.path === '/consent') {
    ctx.state.formAction = ['https://rp.example']
    ctx.body = '<!doctype html><form></form>'
  }
  if (ctx.path === '/form-post') ctx.body = '<!doctype html><script>go()</script>'
  if (ctx.path === '/token') ctx.body = { access_token: 'x' }
  if (ctx.path === '/moved') ctx.redirect('/page')
  if (ctx.path === '/broken') throw new Error('the secret detail')
}

let stack: Stack
let insecure: Stack
const https = { 'X-Forwarded-Proto': 'https' }
beforeAll(async () => {
  stack = await startStack({
    issuer: 'https://id.example.com',
    trustedProxies: ['127.0.0.1'],
    routes: { '/page': ['GET'] },
    profileOf: (path) => (path === '/token' ? 'open-data' : path === '/form-post' ? 'engine-page' : 'page'),
    middleware: [handler],
  })
  insecure = await startStack({ middleware: [handler] })
})
afterAll(async () => {
  await stack.listener.close(100)
  await insecure.listener.close(100)
})

const everywhere = [
  ['a page', '/page', {}],
  ['a page with a form to a client', '/consent', {}],
  ['a page of the engine', '/form-post', {}],
  ['a redirect', '/moved', {}],
  ['JSON', '/token', {}],
  ['404', '/nowhere', {}],
  ['404 for a browser', '/nowhere', { accept: 'text/html' }],
  ['405', '/page', { method: 'DELETE' }],
  ['500', '/broken', {}],
  ['500 for a browser', '/broken', { accept: 'text/html' }],
  ['a foreign host', '/page', { host: 'evil.example' }],
] as const

describe.each(everywhere)(
  '%s',
  (_, path, { method = 'GET', ...headers }: { method?: string; accept?: string; host?: string }) => {
    test('carries every security header (HT-02, AZ-12, AZ-13, AZ-14)', async () => {
      const answer = await stack.send(path, { method, headers: { ...https, ...headers } })
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cache-control': 'no-store',
        'strict-transport-security': expect.stringMatching(/max-age=(\d{8,})/),
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
        'permissions-policy': expect.any(String),
        'cross-origin-resource-policy': path === '/token' ? 'cross-origin' : 'same-origin',
      })
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
      expect(answer.headers['content-security-policy']).not.toMatch(/unsafe|\*/)
      expect(answer.headers).not.toHaveProperty('server')
      expect(answer.headers).not.toHaveProperty('x-powered-by')
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    })
  },
)

describe('the content security policy', () => {
  const policyOf = async (path: string): Promise<string> =>
    String((await stack.send(path, { headers: https })).headers['content-security-policy'])

  test('lets a form lead to us alone, unless the page names its client', async () => {
    expect(await policyOf('/page')).toContain("form-action 'self';")
    expect(await policyOf('/consent')).toContain("form-action 'self' https://rp.example;")
  })

  test('lets an error page have its stylesheet, whatever was expected there', async () => {
    for (const path of ['/form-post', '/token']) {
      const headers = { ...https, accept: 'text/html' }
      const answer = await stack.send(path, { method: 'POST', headers: { ...headers, host: 'evil.example' } })
      expect(answer.headers['content-security-policy']).toContain("style-src 'self'")
    }
  })

  test('leaves the engine a script-src to put its hash into, and form_post its way', async () => {
    const policy = await policyOf('/form-post')
    expect(policy.split('; ')).toContain('script-src')
    expect(policy).not.toContain('form-action')
  })
})

describe('an http issuer', () => {
  test('does not send HSTS', async () => {
    expect((await insecure.send('/page')).headers).not.toHaveProperty('strict-transport-security')
  })
})
