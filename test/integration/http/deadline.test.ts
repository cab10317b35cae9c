import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import type { Context, Middleware } from 'koa'
import { type Stack, startStack } from './stack.ts'

let sawAbort = false
let release: () => void = () => undefined
let finished: Promise<void> = Promise.resolve()

async function workUntilReleased(ctx: Context): Promise<void> {
  await new Promise<void>((resolve) => (release = resolve))
  sawAbort = ctx.state.deadline?.aborted ?? false
  ctx.status = 200
  ctx.set('Set-Cookie', 'late=1')
  ctx.body = 'too late'
  if (ctx.path === '/failing') throw new Error('late failure')
}

const handler: Middleware = async (ctx) => {
  if (ctx.path === '/streaming') {
    ctx.respond = false
    ctx.res.writeHead(200).write('first ')
    await delay(250)
    ctx.res.end('second')
  } else if (ctx.path === '/fast') {
    ctx.body = 'in time'
  } else {
    finished = workUntilReleased(ctx)
    await finished
  }
}

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ deadlineMs: 100, middleware: [handler] })
})
afterAll(() => stack.listener.close(100))

describe('a request that takes too long (FT-03)', () => {
  test.each(['/slow', '/failing'])(
    'is answered with 503 and Retry-After at the deadline: %s',
    async (path) => {
      const startedAt = performance.now()
      const answer = await stack.send(path, { method: 'POST' })
      // The handler waits until it is released below: any answer before that is the deadline's.
      expect(performance.now() - startedAt).toBeLessThan(5000)
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toBe('2')
      expect(JSON.parse(answer.body)).toMatchObject({ error: 'temporarily_unavailable' })
      release()
      await finished.catch(() => undefined)
      expect(answer.headers).not.toHaveProperty('set-cookie')
      expect(sawAbort).toBe(true)
    },
  )

  test('is answered once: its log line says 503 and why', () => {
    const lines = stack.log.filter((line) => line.includes('"message":"request"'))
    expect(lines).toHaveLength(2)
    expect(
      lines.every((line) => line.includes('"status":503') && line.includes('"refused":"deadline"')),
    ).toBe(true)
  })

  test('is left alone once its answer has begun', async () => {
    expect(await stack.send('/streaming')).toMatchObject({ status: 200, body: 'first second' })
  })

  test('does not disturb one that is in time', async () => {
    expect(await stack.send('/fast')).toMatchObject({ status: 200, body: 'in time' })
  })
})
