import { afterEach, describe, expect, test } from '@jest/globals'
import type { Middleware } from 'koa'
import { rateLimit } from '../../../src/http/index.ts'
import { type Stack, startStack } from './stack.ts'

const handled: Middleware = (ctx) => {
  ctx.body = 'handled'
}
let stack: Stack
const start = async (limit: Partial<Parameters<typeof rateLimit>[0]>): Promise<void> => {
  const key = (ctx: { path: string }): string | undefined => (ctx.path === '/free' ? undefined : ctx.path)
  stack = await startStack({
    middleware: [rateLimit({ name: 'starts', points: 2, perSeconds: 60, key, ...limit }), handled],
  })
}
afterEach(() => stack.listener.close(100))
const statusOf = async (path: string): Promise<number> => (await stack.send(path)).status

describe('a rate limit (HT-05, RFC 6585 §4)', () => {
  test('lets its points through and answers the rest with 429 and Retry-After', async () => {
    await start({})
    expect([await statusOf('/a'), await statusOf('/a')]).toEqual([200, 200])
    const refused = await stack.send('/a')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50)
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect(stack.log.at(-1)).toContain('"refused":"rate_starts"')
  })

  test('holds under parallel requests', async () => {
    await start({ points: 5 })
    const statuses = await Promise.all(Array.from({ length: 40 }, () => statusOf('/a')))
    expect(statuses.filter((status) => status === 200)).toHaveLength(5)
  })

  test('counts each key apart, and none without a key', async () => {
    await start({ points: 1 })
    expect([await statusOf('/a'), await statusOf('/b'), await statusOf('/a')]).toEqual([200, 200, 429])
    for (let round = 0; round < 5; round++) expect(await statusOf('/free')).toBe(200)
  })

  test('begins anew after its window', async () => {
    await start({ points: 1, perSeconds: 2 })
    expect([await statusOf('/a'), await statusOf('/a')]).toEqual([200, 429])
    await new Promise((resolve) => setTimeout(resolve, 2100))
    expect(await statusOf('/a')).toBe(200)
  })

  test('remembers a bounded number of keys and forgets the oldest window first', async () => {
    await start({ points: 1, maxKeys: 2 })
    expect([await statusOf('/a'), await statusOf('/b')]).toEqual([200, 200])
    expect([await statusOf('/a'), await statusOf('/b')]).toEqual([429, 429])
    expect(await statusOf('/c')).toBe(200)
    expect(await statusOf('/b')).toBe(429)
    expect(await statusOf('/a')).toBe(200)
  })
})
