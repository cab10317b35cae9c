import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { revoke } from '../../../src/oidc/index.ts'
import { basic, bearer } from '../../support/http-client.ts'
import { startLogoutReceiver } from '../../support/logout-receiver.ts'
import type { LogoutReceiver, Received } from '../../support/logout-receiver.ts'
import { addClient, addPerson } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import { redeem, refresh, signIn } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { formOf } from '../../support/user-agent.ts'
import type { UserAgent } from '../../support/user-agent.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
type App = Awaited<ReturnType<typeof addClient>>

let server: TestServer
let receiver: LogoutReceiver
let person: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2, noticesEveryMs: 50 })
  receiver = await startLogoutReceiver()
  person = await addPerson(server)
})
afterAll(async () => {
  await server.stop()
  await receiver.stop()
})

let nth = 0
/** A client with an address of its own at the receiver. */
async function addApp(metadata: Record<string, unknown> = {}): Promise<App & { path: string }> {
  nth += 1
  const path = `/logout-${nth}`
  const uri = { backchannel_logout_uri: `${receiver.origin}${path}` }
  return { ...(await addClient(server, { metadata: { ...uri, ...metadata } })), path }
}

async function tokensIn(app: App, agent?: UserAgent): Promise<Tokens & { agent: UserAgent; sid: unknown }> {
  const signedIn = await signIn(server, app, person, {}, agent ? { agent } : {})
  const tokens = (await redeem(server, app, signedIn)).json<Tokens>()
  return { ...tokens, agent: signedIn.agent, sid: decodeJwt(tokens.id_token)['sid'] }
}

async function signOut(agent: UserAgent, decision: Record<string, string> = { logout: 'yes' }, query = '') {
  const { action, fields } = formOf(await agent.get(`/logout${query}`))
  const answer = await agent.post(action, { ...fields, ...decision })
  expect(answer.status).toBe(303)
}

/** As a relying party must (section 2.6). */
async function verified({ token }: Pick<Received, 'token'>, app: App, algorithms = ['RS256']) {
  const keys = createLocalJWKSet((await server.ask('/jwks')).json<JSONWebKeySet>())
  const { payload } = await jwtVerify(token, keys, {
    ...{ issuer: server.issuer, audience: app.id, typ: 'logout+jwt', algorithms, maxTokenAge: 120 },
    requiredClaims: ['iss', 'aud', 'iat', 'exp', 'jti', 'events'],
  })
  return payload
}

const only = async (app: { path: string }): Promise<Received> => {
  const [first] = await receiver.until(1, app.path)
  if (!first) throw new Error('nothing was received')
  return first
}
const notices = (where: { clientId?: string; revocationId?: string }) =>
  server.database.prisma.logoutNotice.findMany({ where, orderBy: { createdAt: 'asc' } })
async function settled(app: App) {
  for (;;) {
    const rows = await notices({ clientId: app.id })
    if (rows.length > 0 && rows.every(({ state }) => state !== 'queued')) return rows
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('what is announced', () => {
  test('is back-channel logout, with sessions (LO-03, OpenID Connect Back-Channel Logout §2.1)', async () => {
    const metadata = (await server.ask('/.well-known/openid-configuration')).json()
    expect(metadata['backchannel_logout_supported']).toBe(true)
    expect(metadata['backchannel_logout_session_supported']).toBe(true)
  })

  test('ID tokens name the session to clients that will be told of its end, fresh and refreshed, and to no others (LO-03, §2.4)', async () => {
    const [app, other] = [await addApp(), await addClient(server)]
    const first = await tokensIn(app)
    expect(typeof first.sid).toBe('string')
    const refreshed = (await refresh(server, app, first.refresh_token)).json<Tokens>()
    expect(decodeJwt(refreshed.id_token)['sid']).toBe(first.sid)
    expect((await tokensIn(app, first.agent)).sid).toBe(first.sid)
    expect((await tokensIn(app)).sid).not.toBe(first.sid)
    expect((await tokensIn(other)).sid).toBeUndefined()
  })
})

describe('signing out', () => {
  test('sends every client of the session a logout token that proves itself, and nobody else (LO-03, §2.4, §2.5, ASVS 10.5.5)', async () => {
    const [first, second, elsewhere] = [
      await addApp({ backchannel_logout_session_required: true }),
      await addApp({ id_token_signed_response_alg: 'ES256' }),
      await addApp(),
    ]
    const one = await tokensIn(first)
    const two = await tokensIn(second, one.agent)
    await tokensIn(elsewhere)
    await signOut(one.agent)
    for (const [app, tokens, alg] of [
      [first, one, 'RS256'],
      [second, two, 'ES256'],
    ] as const) {
      const request = await only(app)
      expect(request.method).toBe('POST')
      expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded')
      expect(decodeProtectedHeader(request.token)).toEqual({
        typ: 'logout+jwt',
        alg,
        kid: expect.any(String),
      })
      const claims = await verified(request, app, [alg])
      expect(claims).toEqual({
        ...{ iss: server.issuer, aud: app.id, sub: person.id, sid: tokens.sid },
        ...{ iat: expect.any(Number), exp: expect.any(Number), jti: expect.any(String) },
        events: { [EVENT]: {} },
      })
      expect(Number(claims.exp) - Number(claims.iat)).toBeLessThanOrEqual(120)
      expect(claims).not.toHaveProperty('nonce')
      expect(await settled(app)).toMatchObject([{ state: 'delivered', attempts: 1, lastError: null }])
    }
    expect(await notices({ clientId: elsewhere.id })).toEqual([])
    expect(receiver.received.filter(({ path }) => path === elsewhere.path)).toEqual([])
  })

  test('from one client alone tells that client alone (LO-03, §2.3)', async () => {
    const [leaving, staying] = [await addApp(), await addApp()]
    const { agent, sid, id_token: hint } = await tokensIn(leaving)
    await tokensIn(staying, agent)
    await signOut(agent, {}, `?id_token_hint=${hint}`)
    expect((await verified(await only(leaving), leaving))['sid']).toBe(sid)
    expect(await notices({ clientId: staying.id })).toEqual([])
    await signOut(agent)
    await only(staying)
    expect(await notices({ clientId: leaving.id })).toHaveLength(1)
  })

  test('twice at once tells each client once (LO-03)', async () => {
    const app = await addApp()
    const { agent } = await tokensIn(app)
    const { action, fields } = formOf(await agent.get('/logout'))
    const tabs = [agent.clone(), agent.clone(), agent.clone()]
    await Promise.all(tabs.map((tab) => tab.post(action, { ...fields, logout: 'yes' })))
    await settled(app)
    expect(await notices({ clientId: app.id })).toHaveLength(1)
  })

  test.each([
    ['disabled', 'disabled_at = now()'],
    ['without an address for it', "metadata = metadata - 'backchannel_logout_uri'"],
  ])('does not queue anything for a client that is %s by now (LO-03)', async (_what, change) => {
    const app = await addApp()
    const { agent } = await tokensIn(app)
    await server.database.pool.query(`UPDATE clients SET ${change} WHERE id = $1`, [app.id])
    await signOut(agent)
    expect(await notices({ clientId: app.id })).toEqual([])
  })

  test('makes a token that opens no door of ours (LO-03, §4.1)', async () => {
    const app = await addApp()
    const { agent } = await tokensIn(app)
    await signOut(agent)
    const { token } = await only(app)
    expect((await server.ask('/userinfo', { headers: bearer(token) })).status).toBe(401)
    expect((await refresh(server, app, token)).json()['error']).toBe('invalid_grant')
    const introspected = await server.ask('/introspect', {
      body: { token },
      headers: basic(app.id, app.secret),
    })
    expect(introspected.text).not.toContain('"active":true')
  })
})

describe('ending sessions from outside', () => {
  test('tells the clients as well, and the receipt leads to what they were told (LO-03, admin "end sessions")', async () => {
    const app = await addApp()
    const [here, there] = [await tokensIn(app), await tokensIn(app)]
    const { id } = await server.database.transaction((tx) =>
      revoke(tx, { userId: person.id, clientId: app.id }, { reason: 'test' }),
    )
    expect(await notices({ revocationId: id })).not.toHaveLength(0)
    const second = await server.database.transaction((tx) =>
      revoke(tx, { userId: person.id }, { reason: 'test' }),
    )
    expect(second.counts.sessions).toBeGreaterThanOrEqual(2)
    const requests = await receiver.until((await notices({ clientId: app.id })).length, app.path)
    const claims = await Promise.all(requests.map((request) => verified(request, app)))
    expect(claims.map(({ sid }) => sid)).toEqual(expect.arrayContaining([here.sid, there.sid]))
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(requests.length)
    for (const row of await settled(app)) expect(row.state).toBe('delivered')
  })

  test('of one session tells its clients only (LO-03)', async () => {
    const app = await addApp()
    const [ending, staying] = [await tokensIn(app), await tokensIn(app)]
    const rows = await server.database.prisma.session.findMany({
      where: { userId: person.id, revokedAt: null },
    })
    const row = rows.find(({ payload }) => JSON.stringify(payload).includes(String(ending.sid)))
    await server.database.transaction((tx) => revoke(tx, { sessionUid: row?.uid ?? '' }, { reason: 'test' }))
    await settled(app)
    const told = await Promise.all(
      (await receiver.until(1, app.path)).map((request) => verified(request, app)),
    )
    expect(told.map(({ sid }) => sid)).toEqual([ending.sid])
    expect(staying.sid).not.toBe(ending.sid)
  })

  test('without notifying tells nobody (LO-03)', async () => {
    const app = await addApp()
    await tokensIn(app)
    await server.database.transaction((tx) =>
      revoke(tx, { userId: person.id }, { reason: 'test', notify: false }),
    )
    expect(await notices({ clientId: app.id })).toEqual([])
  })
})
