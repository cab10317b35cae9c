import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Middleware } from 'koa'
import { HttpProblem } from '../../../src/http/index.ts'
import { type Stack, StorageTrouble, startStack } from './stack.ts'

const thrown: Record<string, () => unknown> = {
  '/bug': () => new TypeError('cannot read properties of the seed JBSWY3DP'),
  '/no-error': () => 'a string with a secret',
  '/nothing': () => undefined,
  '/storage': () => new StorageTrouble('connection terminated'),
  '/busy': () => Object.assign(new Error('busy'), { statusCode: 503, retryAfter: 7 }),
  '/library': () =>
    Object.assign(new Error('bad "thing" – truly\\'), { statusCode: 418, status: 418, expose: true }),
  '/hidden': () => Object.assign(new Error('internal detail'), { statusCode: 403, expose: false }),
  '/ours': () => new HttpProblem(429, { reason: 'too_many', headers: { 'Retry-After': '9' } }),
}
const handler: Middleware = (ctx) => {
  ctx.set({ 'Set-Cookie': 'session=half-done', Location: 'https://rp.example', ETag: '"x"' })
  const make = thrown[ctx.path]
  if (make) throw make()
}

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ middleware: [handler] })
})
afterAll(() => stack.listener.close(100))

describe('an error', () => {
  test.each([
    ['/bug', 500, 'server_error'],
    ['/no-error', 500, 'server_error'],
    ['/nothing', 500, 'server_error'],
    ['/hidden', 500, 'server_error'],
    ['/storage', 503, 'temporarily_unavailable'],
    ['/busy', 503, 'temporarily_unavailable'],
    ['/library', 418, 'invalid_request'],
    ['/ours', 429, 'temporarily_unavailable'],
    ['/nowhere', 404, 'not_found'],
  ])('at %s is answered with %i %s', async (path, status, error) => {
    const answer = await stack.send(path)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(JSON.parse(answer.body)).toEqual({ error, error_description: expect.any(String) })
  })

  test.each(Object.keys(thrown))(
    'at %s tells nothing of its inside and takes nothing half-done along (HT-02)',
    async (path) => {
      for (const accept of ['text/html', 'application/json']) {
        const answer = await stack.send(path, { headers: { accept } })
        expect(answer.body).not.toMatch(/JBSWY3DP|secret|internal|\bat \w|\.ts|terminated/)
        expect(answer.headers).not.toHaveProperty('set-cookie')
        expect(answer.headers).not.toHaveProperty('location')
        expect(answer.headers).not.toHaveProperty('etag')
      }
    },
  )

  test('is a page for browsers, with the reference that stands in the log', async () => {
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
    const answer = await stack.send('/bug', { headers: { accept } })
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    const reference = String(answer.headers['x-request-id'])
    expect(answer.body).toContain(reference)
    expect(stack.log.filter((line) => line.includes(reference) && line.includes('TypeError'))).toHaveLength(1)
  })

  test('is JSON for programs that take anything', async () => {
    for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json, text/html;q=0.5' }]) {
      expect((await stack.send('/bug', { headers })).headers['content-type']).toContain('json')
    }
  })

  test('describes itself only in the characters RFC 6749 §5.2 allows (TK-04)', async () => {
    const { error_description } = JSON.parse((await stack.send('/library')).body) as Record<string, string>
    expect(error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  })

  test('of storage says when to come back; another 503 says it itself', async () => {
    expect((await stack.send('/storage')).headers['retry-after']).toBe('2')
    expect((await stack.send('/busy')).headers['retry-after']).toBe('7')
    expect((await stack.send('/ours')).headers['retry-after']).toBe('9')
  })

  test('of a HEAD request has no body', async () => {
    const answer = await stack.send('/bug', { method: 'HEAD' })
    expect(answer).toMatchObject({ status: 500, body: '' })
  })
})

describe('the access log', () => {
  test('has one line per request with status, label, address and id, and nothing of path, query or headers (CO-07)', async () => {
    const labelled = await startStack({ routes: { '/interaction/:uid': ['GET'] }, middleware: [handler] })
    const answer = await labelled.send('/interaction/the-uid?code=the-code', {
      headers: {
        cookie: 'session=the-cookie',
        authorization: 'Bearer the-token',
        'x-request-id': 'chosen-by-client',
      },
    })
    await labelled.listener.close(100)
    expect(labelled.log).toHaveLength(1)
    const [line = ''] = labelled.log
    expect(JSON.parse(line)).toEqual({
      requestId: answer.headers['x-request-id'],
      method: 'GET',
      route: '/interaction/:uid',
      status: 404,
      ms: expect.any(Number),
      ip: '127.0.0.1',
      message: 'request',
    })
    expect(line).not.toMatch(/the-|chosen/)
  })

  test('takes the request id of a trusted proxy, if it looks like one', async () => {
    const trusting = await startStack({ trustedProxies: ['127.0.0.0/8'], middleware: [handler] })
    const idFor = async (given: string): Promise<unknown> =>
      (await trusting.send('/', { headers: { 'x-request-id': given } })).headers['x-request-id']
    expect(await idFor('proxy-4711')).toBe('proxy-4711')
    expect(await idFor('<script>alert(1)</script>')).toMatch(/^[\w-]{16}$/)
    await trusting.listener.close(100)
  })
})
