import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Answer, Ask } from '../support/http-client.ts'
import { addClient } from '../support/people.ts'
import { holdTable } from '../support/outage.ts'
import { everyRoute } from '../support/routes.ts'
import { authorizeUrl, pkce } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

const RATE_LIMIT = 150

let server: TestServer
let start: string
beforeAll(async () => {
  server = await startTestServer({
    env: {
      CARDEA_ISSUER: 'https://id.example.test',
      CARDEA_TRUSTED_PROXIES: '127.0.0.1',
      CARDEA_DATABASE_TIMEOUT: '300',
      CARDEA_RATE_LIMIT: String(RATE_LIMIT),
    },
  })
  start = authorizeUrl(await addClient(server), pkce().challenge)
})
afterAll(() => server.stop())

type Named = { name: string; answer: Answer }

const accepts = { page: 'text/html', data: 'application/json' }
let address = 0

/** The same request as a browser and as a program make it, each from an address of its own. */
async function bothWays(path: string, ask: Ask = {}): Promise<Named[]> {
  return Promise.all(
    Object.values(accepts).map(async (accept) => {
      const headers = {
        'x-forwarded-proto': 'https',
        'x-forwarded-for': `198.51.100.${(address += 1) % 250}`,
      }
      const answer = await server.ask(path, { ...ask, headers: { ...headers, accept, ...ask.headers } })
      return { name: `${ask.method ?? 'GET'} ${path.split('?')[0]} as ${accept}: ${answer.status}`, answer }
    }),
  )
}

const isPublic = ({ name }: Named) => /\/(jwks|\.well-known|assets)/.test(name) && name.endsWith('200')

/** What each header must be for an answer to be safe; what is not, by name. */
function flawsOf(named: Named): string[] {
  const { headers } = named.answer
  const header = (name: string) => String(headers[name] ?? '')
  const policy = header('content-security-policy')
  const checks: Record<string, boolean> = {
    'HSTS of a year':
      Number(/max-age=(\d+)/.exec(header('strict-transport-security'))?.[1] ?? 0) >= 31_536_000,
    nosniff: header('x-content-type-options') === 'nosniff',
    'CSP default none': policy.startsWith("default-src 'none'"),
    'CSP frame-ancestors': policy.includes("frame-ancestors 'none'"),
    'CSP base-uri': !header('content-type').startsWith('text/html') || policy.includes("base-uri 'none'"),
    'CSP without holes': !/unsafe|\*|data:(?<!img-src 'self' data:)/.test(policy),
    'X-Frame-Options': header('x-frame-options') === 'DENY',
    'no referrer': header('referrer-policy') === 'no-referrer',
    COOP: header('cross-origin-opener-policy') === 'same-origin',
    CORP: ['same-origin', 'cross-origin'].includes(header('cross-origin-resource-policy')),
    'no-store': isPublic(named) || header('cache-control').includes('no-store'),
    anonymous: !headers.server && !headers['x-powered-by'],
    mute: !/\bat \S+ \(|node_modules|\.ts:\d|prisma|relation "|SELECT /i.test(named.answer.text),
  }
  return Object.entries(checks).flatMap(([name, holds]) => (holds ? [] : [`${named.name} lacks ${name}`]))
}

async function statusesAndFlaws(
  requests: Promise<Named[]>[],
): Promise<{ statuses: number[]; flaws: string[] }> {
  const all = (await Promise.all(requests)).flat()
  const statuses = [...new Set(all.map(({ answer }) => answer.status))].sort()
  return { statuses, flaws: all.flatMap(flawsOf) }
}

const everyRequest = () =>
  everyRoute.flatMap(({ path, methods }) =>
    methods.map((method) => bothWays(path === '/authorize' && method === 'GET' ? start : path, { method })),
  )

describe('every answer on every route carries every security header (HT-02, AZ-12, AZ-13, AZ-14)', () => {
  test('when all is well, and for requests that are refused', async () => {
    const { statuses, flaws } = await statusesAndFlaws(everyRequest())
    expect(flaws).toEqual([])
    expect(statuses).toEqual(expect.arrayContaining([200, 303, 400, 401, 415]))
  })

  test('for what is not there, not allowed, malformed, too long, or meant for somebody else', async () => {
    const body = `a=${'b'.repeat(57 * 1024)}`
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const { statuses, flaws } = await statusesAndFlaws([
      ...['/', '/nowhere', '/.env', '/assets/none.css', '/.well-known/none'].map((path) => bothWays(path)),
      ...everyRoute.map(({ path, methods }) =>
        bothWays(path, { method: methods.includes('DELETE') ? 'TRACE' : 'DELETE' }),
      ),
      ...everyRoute.map(({ path }) => bothWays(`${path}?a=%00`)),
      ...everyRoute.map(({ path }) => bothWays(path, { headers: { host: 'evil.example' } })),
      bothWays('/token', { body, headers: form }),
      bothWays('/interaction/x/login', { body, headers: form }),
      bothWays('/interaction/x/login', {
        body: 'csrf=x',
        headers: { ...form, origin: 'https://evil.example' },
      }),
    ])
    expect(flaws).toEqual([])
    expect(statuses).toEqual([400, 403, 404, 405, 413, 421])
  })

  test('for somebody who asks too often', async () => {
    const flood = Array.from({ length: RATE_LIMIT + 5 }, () =>
      bothWays(start, { headers: { 'x-forwarded-for': '203.0.113.9' } }),
    )
    const { statuses, flaws } = await statusesAndFlaws(flood)
    expect(flaws).toEqual([])
    expect(statuses).toContain(429)
  })

  test('when the database is busy', async () => {
    const { release } = await holdTable(server, 'clients')
    const { statuses, flaws } = await statusesAndFlaws([
      bothWays(start),
      bothWays('/token', { body: { grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' } }),
      bothWays('/introspect', { body: { token: 'x', client_id: 'x', client_secret: 'y' } }),
    ])
    await release()
    expect(flaws).toEqual([])
    expect(statuses).toEqual([503])
  })

  test('when we made a mistake', async () => {
    const { pool } = server.database
    await pool.query('ALTER TABLE clients RENAME TO mislaid')
    const { statuses, flaws } = await statusesAndFlaws([
      bothWays(start),
      bothWays('/token', { body: { grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' } }),
      bothWays('/introspect', { body: { token: 'x', client_id: 'x', client_secret: 'y' } }),
      bothWays('/revoke', { body: { token: 'x', client_id: 'x', client_secret: 'y' } }),
    ])
    await pool.query('ALTER TABLE mislaid RENAME TO clients')
    expect(flaws).toEqual([])
    expect(statuses).toEqual([500])
  })
})
