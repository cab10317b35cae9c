import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Middleware } from 'koa'
import { addressBlock, rateLimit } from '../../../src/http/index.ts'
import { type Stack, startStack } from './stack.ts'

const signIn: Middleware = (ctx) => {
  ctx.cookies.set('session', 'x', { secure: ctx.secure })
  ctx.body = { ip: ctx.state.ip, koaIp: ctx.ip, ips: ctx.ips, protocol: ctx.protocol, headers: ctx.headers }
}
const limit = (): Middleware =>
  rateLimit({ name: 'test', points: 3, perSeconds: 60, key: (ctx) => addressBlock(ctx.state.ip) })

let direct: Stack
let behindProxy: Stack
beforeAll(async () => {
  direct = await startStack({ middleware: [limit(), signIn] })
  behindProxy = await startStack({
    issuer: 'https://id.example.com',
    trustedProxies: ['127.0.0.1'],
    middleware: [limit(), signIn],
  })
})
afterAll(async () => {
  await direct.listener.close(100)
  await behindProxy.listener.close(100)
})

describe('a client that talks to us directly (TH-06)', () => {
  test('cannot escape its limit by headers it sets itself', async () => {
    const statuses: number[] = []
    for (let round = 1; round <= 12; round++) {
      const claimed = `198.51.100.${round}`
      const lies = {
        'X-Forwarded-For': claimed,
        Forwarded: `for=${claimed}`,
        'X-Real-IP': claimed,
        'CF-Connecting-IP': claimed,
      }
      statuses.push((await direct.send('/', { headers: lies })).status)
    }
    expect(statuses).toEqual([200, 200, 200, ...Array<number>(9).fill(429)])
    expect(direct.log.every((line) => line.includes('"ip":"127.0.0.1"'))).toBe(true)
  })
})

describe('behind a trusted proxy', () => {
  const via = (forwardedFor: string): Record<string, string> => ({
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-For': forwardedFor,
  })

  test('each client has a limit of its own, counted by what the proxy saw (TH-06)', async () => {
    for (let round = 1; round <= 3; round++) {
      expect((await behindProxy.send('/', { headers: via(`198.51.100.${round}, 203.0.113.1`) })).status).toBe(
        200,
      )
    }
    expect((await behindProxy.send('/', { headers: via('198.51.100.4, 203.0.113.1') })).status).toBe(429)
    expect((await behindProxy.send('/', { headers: via('203.0.113.2') })).status).toBe(200)
  })

  test('IPv6 clients are counted by their /64', async () => {
    for (let round = 1; round <= 3; round++) {
      expect((await behindProxy.send('/', { headers: via(`2001:db8::${round}`) })).status).toBe(200)
    }
    expect((await behindProxy.send('/', { headers: via('2001:db8::abcd') })).status).toBe(429)
  })

  test('cookies may be Secure and every getter tells the same truth (SE-01)', async () => {
    const lies = {
      Forwarded: 'for=6.6.6.6;proto=http',
      'X-Real-IP': '6.6.6.6',
      'X-Forwarded-Host': 'evil.example',
    }
    const answer = await behindProxy.send('/', { headers: { ...via('6.6.6.6, 203.0.113.50'), ...lies } })
    expect(answer.headers['set-cookie']?.[0]).toContain('; secure')
    const seen = JSON.parse(answer.body) as { headers: Record<string, string> }
    expect(seen).toMatchObject({ ip: '203.0.113.50', koaIp: '203.0.113.50', ips: [], protocol: 'https' })
    expect(Object.keys(seen.headers).filter((name) => /forwarded|real-ip/.test(name))).toEqual([])
  })
})
