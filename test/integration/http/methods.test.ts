import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Middleware } from 'koa'
import { type Stack, startStack } from './stack.ts'

const handler: Middleware = (ctx) => {
  if (ctx.method === 'OPTIONS' && ctx.path === '/token' && ctx.get('Origin') !== '') {
    ctx.set('Access-Control-Allow-Origin', '*')
    ctx.status = 204
  } else if (ctx.method !== 'OPTIONS') ctx.body = 'handled'
}

let stack: Stack
beforeAll(async () => {
  const routes = { '/token': ['POST'], '/auth': ['GET'], '/interaction/:uid/login': ['POST'] }
  stack = await startStack({ routes, middleware: [handler] })
})
afterAll(() => stack.listener.close(100))

describe('a method a known path does not have (HT-04, TK-01)', () => {
  test.each([
    ['GET', '/token', 'POST, OPTIONS'],
    ['HEAD', '/token', 'POST, OPTIONS'],
    ['PUT', '/token', 'POST, OPTIONS'],
    ['TRACE', '/token', 'POST, OPTIONS'],
    ['POST', '/auth', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/auth?x=1', 'GET, HEAD, OPTIONS'],
    ['PROPFIND', '/auth', 'GET, HEAD, OPTIONS'],
    ['GET', '/interaction/abc/login', 'POST, OPTIONS'],
  ])('%s %s is answered with 405 and Allow: %s', async (method, path, allow) => {
    const answer = await stack.send(path, { method })
    expect(answer.status).toBe(405)
    expect(answer.headers['allow']).toBe(allow)
  })

  test('is not smuggled in by a header or field', async () => {
    const headers = { 'X-HTTP-Method-Override': 'POST', 'X-Method-Override': 'POST' }
    expect((await stack.send('/token?_method=POST', { headers })).status).toBe(405)
  })
})

describe('OPTIONS', () => {
  test('is answered with 204 and Allow', async () => {
    const answer = await stack.send('/auth', { method: 'OPTIONS' })
    expect(answer).toMatchObject({ status: 204, body: '', headers: { allow: 'GET, HEAD, OPTIONS' } })
  })

  test('reaches a handler of the path first, for CORS preflights', async () => {
    const preflight = await stack.send('/token', {
      method: 'OPTIONS',
      headers: { origin: 'https://spa.example' },
    })
    expect(preflight).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': '*' } })
    expect((await stack.send('/token', { method: 'OPTIONS' })).headers['allow']).toBe('POST, OPTIONS')
  })
})

describe('methods a path has', () => {
  test('reach the handler, HEAD with GET', async () => {
    expect((await stack.send('/token', { method: 'POST' })).body).toBe('handled')
    expect((await stack.send('/auth', { method: 'HEAD' })).status).toBe(200)
    expect((await stack.send('/elsewhere', { method: 'PUT' })).body).toBe('handled')
  })
})
