import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  addDeviceApp,
  askForCode,
  connect,
  DEVICE_GRANT,
  enterCode,
  poll,
  startDevice,
  verdictOf,
  waitedLong,
} from '../support/device.ts'
import { basic } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { askToken, isActive } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { atOnce, digestOf, grantOf } from '../support/tokens.ts'
import { createUserAgent } from '../support/user-agent.ts'

type App = Awaited<ReturnType<typeof addDeviceApp>>
const secret = { token_endpoint_auth_method: 'client_secret_basic' }

let server: TestServer
let app: App
let confidential: App
let person: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  app = await addDeviceApp(server)
  confidential = await addDeviceApp(server, { metadata: secret })
  person = await addPerson(server)
})
afterAll(() => server.stop())

/** The step the device was last given, and whether its next poll is still too early, by the database's clock. */
async function pace(deviceCode: string): Promise<{ step: number; early: boolean }> {
  const { rows } = await server.database.pool.query<{ step: number; early: boolean }>(
    `SELECT poll_interval AS step, next_poll_at > clock_timestamp() AS early FROM tokens WHERE digest = $1`,
    [digestOf(deviceCode)],
  )
  if (!rows[0]) throw new Error('no such device code')
  return rows[0]
}

async function expire(deviceCode: string): Promise<void> {
  await server.database.pool.query(
    `UPDATE tokens SET expires_at = now() - interval '1 second' WHERE digest = $1`,
    [digestOf(deviceCode)],
  )
}

describe('a device that asks again', () => {
  test('too soon is told to slow down, and has five seconds more to wait each time (DV-01, RFC 8628 §3.5)', async () => {
    const started = await startDevice(server, app)
    expect(verdictOf(await poll(server, app, started))).toBe('authorization_pending')
    expect(await pace(started.device_code)).toEqual({ step: 5, early: true })
    for (const step of [10, 15, 20]) {
      expect(verdictOf(await poll(server, app, started))).toBe('slow_down')
      expect(await pace(started.device_code)).toEqual({ step, early: true })
    }
  })

  test('after it has waited is only told to go on waiting, and keeps the slower pace (DV-01, RFC 8628 §3.5)', async () => {
    const started = await startDevice(server, app)
    await poll(server, app, started)
    await poll(server, app, started)
    await waitedLong(server)
    expect(verdictOf(await poll(server, app, started))).toBe('authorization_pending')
    expect(await pace(started.device_code)).toEqual({ step: 10, early: true })
  })

  test('at one moment on both instances is let through once (DV-01, RFC 8628 §3.5)', async () => {
    const started = await startDevice(server, app)
    const answers = await atOnce(server, 10, (instance) => poll(instance, app, started))
    const verdicts = answers.map(verdictOf)
    expect(verdicts.filter((verdict) => verdict === 'authorization_pending')).toHaveLength(1)
    expect(verdicts.filter((verdict) => verdict === 'slow_down')).toHaveLength(9)
    expect((await pace(started.device_code)).step).toBe(50)
  })

  test('gets its tokens however soon it comes, once a person has said yes (DV-01, RFC 8628 §3.5)', async () => {
    const started = await startDevice(server, app)
    await poll(server, app, started)
    await connect(server, started, person)
    expect(verdictOf(await poll(server, app, started))).toBe('200')
  })

  test('with a code that has expired is told so, answered or not (DV-01, RFC 8628 §3.5)', async () => {
    const [pending, approved] = [await startDevice(server, app), await startDevice(server, app)]
    await connect(server, approved, person)
    for (const started of [pending, approved]) {
      await expire(started.device_code)
      expect(verdictOf(await poll(server, app, started))).toBe('expired_token')
    }
  })

  test('after a person has said no is refused, each time (DV-01, RFC 8628 §3.5)', async () => {
    const started = await startDevice(server, app)
    const end = await enterCode(createUserAgent(server), started.user_code, 'abort')
    expect([end.status, end.text]).toEqual([200, expect.stringContaining('The device was turned away')])
    for (const instance of server.instances)
      expect(verdictOf(await poll(instance, app, started))).toBe('access_denied')
  })

  test('after a person has declined the consent is refused (DV-01, RFC 8628 §3.5)', async () => {
    const started = await startDevice(server, app)
    const end = await connect(server, started, await addPerson(server), { consent: 'deny' })
    expect([end.status, end.text]).toEqual([200, expect.stringContaining('The device was turned away')])
    expect(verdictOf(await poll(server, app, started))).toBe('access_denied')
  })
})

describe('a device code', () => {
  test('is redeemed once by twenty polls at one moment on two instances, and then ends what it gave (DV-01, RFC 8628 §3.5)', async () => {
    for (let round = 0; round < 3; round += 1) {
      const started = await startDevice(server, confidential)
      await connect(server, started, person)
      const answers = await atOnce(server, 20, (instance) => poll(instance, confidential, started))
      const verdicts = answers.map(verdictOf)
      expect(verdicts.filter((verdict) => verdict === '200')).toHaveLength(1)
      expect(verdicts.filter((verdict) => verdict === 'invalid_grant')).toHaveLength(19)
      const tokens = answers.find(({ status }) => status === 200)?.json<Tokens>()
      expect(await isActive(server, confidential, tokens?.access_token ?? '')).toBe(false)
    }
  })

  test('used a second time ends the tokens of the first (DV-01, RFC 6749 §4.1.2)', async () => {
    const started = await startDevice(server, confidential)
    await connect(server, started, person)
    const tokens = (await poll(server, confidential, started)).json<Tokens>()
    expect(await isActive(server, confidential, tokens.access_token)).toBe(true)
    expect(verdictOf(await poll(server, confidential, started))).toBe('invalid_grant')
    expect(await isActive(server, confidential, tokens.access_token)).toBe(false)
    expect(await isActive(server, confidential, tokens.refresh_token)).toBe(false)
  })

  test('is good for the client that asked for it only, which another cannot spoil (DV-01, RFC 8628 §3.4)', async () => {
    const started = await startDevice(server, confidential)
    const stranger = await addDeviceApp(server, { metadata: secret })
    for (const other of [app, stranger])
      expect(verdictOf(await poll(server, other, started))).toBe('invalid_grant')
    await connect(server, started, person)
    for (const other of [app, stranger])
      expect(verdictOf(await poll(server, other, started))).toBe('invalid_grant')
    expect(verdictOf(await poll(server, confidential, started))).toBe('200')
  })

  test('is no other kind of token, and no other kind is one (DV-01, CVE-2026-4282)', async () => {
    const started = await startDevice(server, confidential)
    await connect(server, started, person)
    const asCode = { grant_type: 'refresh_token', refresh_token: started.device_code }
    expect(verdictOf(await askToken(server, confidential, asCode))).toBe('invalid_grant')
    expect(await isActive(server, confidential, started.device_code)).toBe(false)
    const tokens = (await poll(server, confidential, started)).json<Tokens>()
    for (const value of [tokens.access_token, tokens.refresh_token, started.user_code])
      expect(verdictOf(await poll(server, confidential, { device_code: value }))).toBe('invalid_grant')
  })

  test('is not in the database, and what is there is worth nothing to a device (DV-01, RFC 8628 §5.2)', async () => {
    const started = await startDevice(server, confidential)
    const { location } = await enterCode(createUserAgent(server), started.user_code)
    expect(location).toMatch(/^\/interaction\//)
    const { rows } = await server.database.pool.query<{ all: string; name: string | null }>(
      `SELECT i::text || (SELECT string_agg(t::text, '') FROM tokens t) AS all, payload ->> 'deviceCode' AS name FROM interactions i
       WHERE payload ? 'deviceCode' ORDER BY created_at DESC LIMIT 1`,
    )
    expect(rows[0]?.all).not.toContain(started.device_code)
    expect(rows[0]?.name).toBe(`device-code:${digestOf(started.device_code).toString('base64url')}`)
    await connect(server, started, person)
    expect(verdictOf(await poll(server, confidential, { device_code: rows[0]?.name ?? '' }))).toBe(
      'invalid_grant',
    )
    expect(verdictOf(await poll(server, confidential, started))).toBe('200')
  })

  test('leads to a grant of its user and client, told in the audit (DV-01)', async () => {
    const started = await startDevice(server, confidential)
    await connect(server, started, person)
    const grantId = await grantOf(server, started.device_code)
    const event = await server.database.prisma.auditEvent.findFirst({
      where: { type: 'device.approved', grantId },
    })
    expect(event).toMatchObject({ userId: person.id, clientId: confidential.id, actorVia: 'user' })
  })
})

describe('the device authorization endpoint', () => {
  test.each([
    ['a wrong secret', (id: string) => ({ headers: basic(id, 'wrong'), body: { scope: 'openid' } })],
    ['an empty secret', (id: string) => ({ headers: basic(id, ''), body: { scope: 'openid' } })],
    ['no secret at all', (id: string) => ({ body: { scope: 'openid', client_id: id } })],
  ])('refuses a confidential client with %s (CA-04, RFC 8628 §3.1)', async (_what, ask) => {
    const answer = await server.ask('/device_authorization', ask(confidential.id))
    expect([answer.status, answer.json()['error']]).toEqual([401, 'invalid_client'])
  })

  test('is only for clients that are registered for devices (DV-01, RFC 8628 §3.1, RFC 6749 §5.2)', async () => {
    const other = await addClient(server)
    const answer = await askForCode(server, other)
    expect([answer.status, answer.json()['error']]).toEqual([400, 'unauthorized_client'])
    const asked = await askToken(server, other, { grant_type: DEVICE_GRANT, device_code: 'x' })
    expect([asked.status, asked.json()['error']]).toEqual([400, 'unauthorized_client'])
  })

  test('refuses a scope that the client is not registered for (DV-01, RFC 6749 §3.3)', async () => {
    const narrow = await addDeviceApp(server, { metadata: { scope: 'openid' } })
    const answer = await askForCode(server, narrow, { scope: 'openid email' })
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_scope'])
  })

  test('answers uncached JSON, and by POST alone (DV-01, RFC 8628 §3.2)', async () => {
    const answer = await askForCode(server, app)
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect((await server.ask('/device_authorization')).status).toBe(405)
  })
})
