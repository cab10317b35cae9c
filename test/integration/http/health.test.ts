import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import { createMetrics, healthRoutes, metricsRoute, serveAssets } from '../../../src/http/index.ts'
import { type Stack, startStack } from './stack.ts'

let database: () => Promise<unknown> = () => Promise.resolve()
let started = 0
const metrics = createMetrics({ databasePool: () => ({ total: 4, idle: 3, waiting: 0 }) })
const css = { body: Buffer.from('body{}'), type: 'text/css; charset=utf-8', etag: '"0123456789abcdef"' }

let stack: Stack
beforeAll(async () => {
  const ready = {
    database: () => {
      started++
      return database()
    },
    keys: () => Promise.resolve(),
  }
  stack = await startStack({
    routes: { '/hello/:name': ['GET'] },
    beforeGuards: [
      healthRoutes({ ready, timeoutMs: 100 }),
      metrics.observeRequests,
      metricsRoute(metrics.registry),
      serveAssets((path) => (path === '/assets/app.0123456789abcdef.css' ? css : undefined)),
    ],
    middleware: [
      (ctx) => {
        if (ctx.path.startsWith('/hello/')) ctx.body = 'hello'
      },
    ],
  })
})
afterAll(() => stack.listener.close(100))
beforeEach(() => {
  database = () => Promise.resolve()
  started = 0
})
const readiness = async (): Promise<unknown> => JSON.parse((await stack.send('/health/ready')).body)

describe('health (FT-01)', () => {
  test('is live whatever else is not, for a probe that calls by address', async () => {
    database = () => Promise.reject(new Error('down'))
    const answer = await stack.send('/health/live', { headers: { host: '10.1.2.3:3000' } })
    expect(answer).toMatchObject({ status: 200, body: '{"status":"ok"}' })
    expect(started).toBe(0)
  })

  test('is ready when every check passes', async () => {
    const answer = await stack.send('/health/ready')
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } })
    expect(JSON.parse(answer.body)).toEqual({ status: 'ok', checks: { database: 'ok', keys: 'ok' } })
  })

  test.each([
    ['fails', () => Promise.reject(new Error('password authentication failed for user cardea'))],
    [
      'throws',
      () => {
        throw new Error('bug')
      },
    ],
  ])('is not ready when a check %s, and does not say why', async (_, check) => {
    database = check
    const answer = await stack.send('/health/ready')
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } })
    expect(JSON.parse(answer.body)).toEqual({
      status: 'unavailable',
      checks: { database: 'failed', keys: 'ok' },
    })
  })

  test('is not ready when a check hangs; the check is not started again meanwhile and recovers', async () => {
    let release: () => void = () => undefined
    database = () => new Promise<void>((resolve) => (release = resolve))
    const hung = { status: 'unavailable', checks: { database: 'failed', keys: 'ok' } }
    expect(await Promise.all([readiness(), readiness(), readiness()])).toEqual([hung, hung, hung])
    expect(started).toBe(1)
    release()
    database = () => Promise.resolve()
    await delay(10)
    expect(await readiness()).toMatchObject({ status: 'ok' })
  })
})

describe('metrics', () => {
  test('count requests under bounded labels, never under a raw path', async () => {
    await stack.send('/hello/ada')
    await stack.send('/hello/grace')
    await stack.send('/nowhere/secret-token?x=y')
    await stack.send('/hello/ada', { method: 'PROPFIND' })
    metrics.signIns.inc({ outcome: 'ok', factor: 'totp' })
    metrics.tokensIssued.inc({ grant_type: 'authorization_code' })
    const answer = await stack.send('/metrics')
    expect(answer.headers['content-type']).toContain('text/plain')
    expect(answer.body).toContain('http_requests_total{route="/hello/:name",method="GET",status="200"} 2')
    expect(answer.body).toContain('http_requests_total{route="/hello/:name",method="other",status="405"} 1')
    expect(answer.body).toContain(
      'http_request_duration_seconds_count{route="/hello/:name",method="GET",status="200"} 2',
    )
    expect(answer.body).toContain('http_requests_total{route="other",method="GET",status="404"} 1')
    expect(answer.body).toContain('sign_ins_total{outcome="ok",factor="totp"} 1')
    expect(answer.body).toContain('tokens_issued_total{grant_type="authorization_code"} 1')
    expect(answer.body).toContain('database_pool{state="idle"} 3')
    expect(answer.body).toContain('process_cpu_seconds_total')
    expect(answer.body).not.toMatch(/ada|secret-token/)
  })
})

describe('assets', () => {
  const path = '/assets/app.0123456789abcdef.css'

  test('are cached for good under their hashed name', async () => {
    const answer = await stack.send(path)
    expect(answer).toMatchObject({ status: 200, body: 'body{}' })
    expect(answer.headers).toMatchObject({
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      etag: css.etag,
      'x-content-type-options': 'nosniff',
    })
  })

  test('are not sent again to a browser that has them', async () => {
    const answer = await stack.send(path, { headers: { 'if-none-match': css.etag } })
    expect(answer).toMatchObject({ status: 304, body: '' })
  })

  test.each(['/assets/app.css', '/assets/../package.json', '/assets/%2e%2e/package.json', '/assets/'])(
    '%s is not found',
    async (other) => {
      expect((await stack.send(other)).status).toBe(404)
    },
  )
})
