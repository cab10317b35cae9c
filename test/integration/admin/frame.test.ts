import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { adminSweeps } from '../../../src/admin/index.ts'
import { adminRoutes } from '../../../src/admin/routes.ts'
import { mac } from '../../../src/crypto/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'
import { basic } from '../../support/http-client.ts'
import { sweepOnce } from '../../support/sweep.ts'

let stage: AdminStage
let token: string

beforeAll(async () => {
  stage = await startAdmin({ instances: 2 })
  token = stage.token()
})
afterAll(() => stage.stop())

const newUser = () => ({ email: `${randomUUID()}@example.com` })
const count = (email: string) => stage.database.prisma.user.count({ where: { email } })

describe('who calls', () => {
  test.each<[string, (token: string) => { headers?: Record<string, string>; path?: string }]>([
    ['Basic', (text) => ({ headers: basic('machine', text) })],
    ['a cookie', (text) => ({ headers: { cookie: `access_token=${text}; __Host-session=${text}` } })],
    ['a parameter', (text) => ({ path: `/v1/users?access_token=${text}` })],
    ['another scheme', (text) => ({ headers: { authorization: `DPoP ${text}` } })],
    ['no scheme', (text) => ({ headers: { authorization: text } })],
  ])('is not told by %s: 401 without an error code (AD-01, RFC 6750 §3.1)', async (_name, how) => {
    const { path = '/v1/users', headers = {} } = how(token)
    const answer = await stage.ask(path, { headers })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="urn:cardea:api:admin", resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource"',
    )
  })

  test.each(['unknown', '', 'two words', 'eyJhbGciOiJub25lIn0.e30.', '\u00e9', 'x'.repeat(5000)])(
    'is nobody with a token that is not accepted: 401 invalid_token (AD-01)',
    async (text) => {
      const answer = await stage.ask('/v1/users', { headers: { authorization: `Bearer ${text}` } })
      expect(answer.status).toBe(401)
      if (text !== '') expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
    },
  )

  test('is refused before anything is told about what is there (AD-03)', async () => {
    const { id } = await stage.addUser()
    const bytes = async (path: string) =>
      (await stage.ask(path)).text.replace(/urn:cardea:request:[\w-]+/, '')
    expect(await bytes(`/v1/users/${id}`)).toBe(await bytes(`/v1/users/${randomUUID()}`))
  })

  test('is recorded when denied, with what and why, and never with the token (AD-13)', async () => {
    const { id } = await stage.addUser()
    const poor = stage.token({ scopes: ['users:read'], clientId: 'poor' })
    const answer = await stage.ask(`/v1/users/${id}/disable`, { method: 'POST', token: poor })
    expect(answer.status).toBe(403)
    const [event] = await stage.database.prisma.auditEvent.findMany({
      where: { requestId: String(answer.headers['x-request-id']) },
    })
    expect(event).toMatchObject({
      type: 'admin.denied',
      userId: id,
      actorClientId: 'poor',
      actorVia: 'admin_api',
    })
    expect(event?.detail).toEqual({ operation: 'disableUser', problem: 'insufficient_scope' })
    expect(JSON.stringify(event, (_, value: unknown) => String(value) === poor)).not.toContain(poor)
  })
})

describe('the listener', () => {
  test('has no CORS for anybody, not for preflights either (AD-15)', async () => {
    const evil = { origin: 'https://evil.example', 'access-control-request-method': 'GET' }
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await stage.ask('/v1/users', { method, token, headers: evil })
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })

  test('is called by its addresses and its names alone: DNS rebinding is 421', async () => {
    const status = async (host: string) => (await stage.ask('/v1/openapi.json', { headers: { host } })).status
    for (const host of [
      '127.0.0.1',
      'localhost:3001',
      '[::1]:3001',
      '10.1.2.3:80',
      'ops.example',
      'OPS.example:1',
    ])
      expect({ host, status: await status(host) }).toEqual({ host, status: 200 })
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'a@localhost',
      '[x]',
      '2130706433',
    ])
      expect({ host, status: await status(host) }).toEqual({ host, status: 421 })
  })

  test('lets nobody keep an answer', async () => {
    for (const path of ['/v1/users', '/v1/nothing']) {
      const answer = await stage.ask(path, { token })
      expect(answer.headers['cache-control']).toBe('no-store')
    }
  })

  test.each([
    '/',
    '/v1',
    '/v1/',
    '/v1/users/',
    '/V1/users',
    '/v1/USERS',
    '/v2/users',
    '/admin',
    '/v1/users/a/b/c',
    '/v1//users',
  ])('has nothing at %s: 404 as a problem (AD-12)', async (path) => {
    const answer = await stage.ask(path, { token })
    expect(answer.status).toBe(404)
    expect(answer.json()).toMatchObject({ type: 'urn:cardea:problem:not_found', status: 404 })
    expect(answer.json()['instance']).toBe(`urn:cardea:request:${String(answer.headers['x-request-id'])}`)
  })

  test('answers a browser with a problem too (AD-12)', async () => {
    const answer = await stage.ask('/v1/nothing', { headers: { accept: 'text/html' } })
    expect(answer.headers['content-type']).toBe('application/problem+json')
  })
})

describe('an idempotency key', () => {
  test('of twenty who send it at once to two instances, makes one thing and twenty equal answers (AD-09)', async () => {
    const json = newUser()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, nth) =>
        stage.ask('/v1/users', { token, json, headers: { 'idempotency-key': 'twenty' }, instance: nth % 2 }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(new Set(answers.map(({ headers }) => headers.etag)).size).toBe(1)
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(19)
    expect(await count(json.email)).toBe(1)
  })

  test('with another request is 422, and the first is not touched (AD-09)', async () => {
    const json = newUser()
    const other = newUser()
    const headers = { 'idempotency-key': 'two requests' }
    expect((await stage.ask('/v1/users', { token, json, headers })).status).toBe(201)
    expect((await stage.ask('/v1/users', { token, json: other, headers })).status).toBe(422)
    expect(await count(other.email)).toBe(0)
  })

  test('means the same request, whatever the order of its fields', async () => {
    const email = newUser().email
    const headers = { 'idempotency-key': 'order' }
    await stage.ask('/v1/users', { token, json: { email, name: 'A' }, headers })
    const again = await stage.ask('/v1/users', { token, json: { name: 'A', email }, headers })
    expect(again.status).toBe(201)
    expect(again.headers['idempotency-replayed']).toBe('true')
  })

  test('belongs to its caller: another client and another person have their own', async () => {
    const headers = { 'idempotency-key': 'mine' }
    const callers = [token, stage.token({ clientId: 'other' }), stage.token({ role: 'owner' })]
    const ids = new Set<unknown>()
    for (const by of callers)
      ids.add((await stage.ask('/v1/users', { token: by, json: newUser(), headers })).json()['id'])
    expect(ids.size).toBe(3)
  })

  test('of a request that failed is free again: nothing was done', async () => {
    const json = newUser()
    const taken = await stage.addUser({ email: json.email })
    const headers = { 'idempotency-key': 'failed first' }
    expect((await stage.ask('/v1/users', { token, json, headers })).status).toBe(409)
    await stage.database.prisma.user.delete({ where: { id: taken.id } })
    expect((await stage.ask('/v1/users', { token, json, headers })).status).toBe(201)
  })

  test('whose first request takes too long is 409 for the others, and nothing is done twice (AD-09)', async () => {
    const key = randomUUID()
    const caller = JSON.stringify(['machine', null])
    const digest = Buffer.from(mac(Buffer.from('cardea/idempotency-key/v1'), caller, key), 'base64url')
    const first = await stage.database.pool.connect()
    try {
      await first.query('BEGIN')
      await first.query(
        "INSERT INTO idempotency_keys (digest, fingerprint, expires_at) VALUES ($1, $1, now() + interval '1 day')",
        [digest],
      )
      const json = newUser()
      const answer = await stage.ask('/v1/users', { token, json, headers: { 'idempotency-key': key } })
      expect(answer.json()).toMatchObject({ status: 409, type: 'urn:cardea:problem:request_in_progress' })
      expect(await count(json.email)).toBe(0)
    } finally {
      await first.query('ROLLBACK')
      first.release()
    }
  })

  test('keeps its answer sealed, for a day, and is swept afterwards', async () => {
    const { id } = await stage.addUser()
    const headers = { 'idempotency-key': 'secret' }
    const ask = () => stage.ask(`/v1/users/${id}/invite`, { method: 'POST', token, headers })
    const first = await ask()
    const ticket = new URL(first.json<{ link: string }>().link).searchParams.get('ticket') ?? ''
    expect((await ask()).text).toBe(first.text)
    const rows = await stage.database.prisma.idempotencyKey.findMany()
    expect(JSON.stringify(rows)).not.toContain(ticket)
    await stage.database.prisma.$executeRaw`UPDATE idempotency_keys SET expires_at = now()`
    expect((await ask()).text).not.toBe(first.text)
    await stage.database.prisma.$executeRaw`UPDATE idempotency_keys SET expires_at = now()`
    expect(await sweepOnce(stage.database.prisma, adminSweeps)).toBeGreaterThan(0)
    expect(await stage.database.prisma.idempotencyKey.count()).toBe(0)
  })

  test.each(['x'.repeat(256), '\u00e9'])('that is too long or no plain text is 400', async (key) => {
    const answer = await stage.ask('/v1/users', {
      token,
      json: newUser(),
      headers: { 'idempotency-key': key },
    })
    expect(answer.status).toBe(400)
  })
})

describe('requests made of anything', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom(
      '',
      '../..',
      '%00',
      '\u0000',
      '\ud800',
      '__proto__',
      'constructor',
      "' OR 1=1",
      '1e999',
      'null',
    ),
  )
  const content = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.dictionary(
      fc.oneof(text, fc.constantFrom('email', 'name', 'role', 'reason', 'client_name', 'scope', '__proto__')),
      fc.jsonValue({ maxDepth: 2 }),
    ),
  )

  test('never get a 5xx, and nothing that is not documented', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...adminRoutes),
        fc.array(text, { minLength: 3, maxLength: 3 }),
        fc.dictionary(fc.constantFrom('limit', 'cursor', 'status', 'email', 'from', 'type', 'x'), text),
        content,
        fc.constantFrom('*', '"x"', 'W/"x"', ',', ''),
        async (route, ids, query, json, match) => {
          let nth = 0
          const path = route.path.replaceAll(/:\w+/g, () => encode(ids[nth++] ?? 'x') || 'x')
          const search = Object.entries(query).map(([name, value]) => `${name}=${encode(value)}`)
          const takesContent = ['POST', 'PUT', 'PATCH'].includes(route.method)
          const answer = await stage.ask(`/v1${path}?${search.join('&')}`, {
            method: route.method,
            token,
            ...(takesContent && { json }),
            headers: match === '' ? {} : { 'if-match': match },
          })
          expect(answer.status).toBeLessThan(500)
        },
      ),
      { numRuns: 600 },
    )
  })
})

function encode(value: string): string {
  return value.isWellFormed() ? encodeURIComponent(value) : '%ED%A0%80'
}
