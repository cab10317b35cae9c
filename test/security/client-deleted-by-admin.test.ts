import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ADMIN_API } from '../../src/clients/index.ts'
import { basic, bearer, send } from '../support/http-client.ts'
import type { Answer } from '../support/http-client.ts'
import { addApi, addClient, addPerson, machineClient } from '../support/people.ts'
import { authorizeUrl, askToken, isActive, pkce, redeem, refresh, signIn } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { userinfo } from '../support/tokens.ts'

const API = 'https://api.example/'
const SCOPES = 'clients:read clients:write tokens:read grants:read sessions:read keys:read'
let server: TestServer
let token: string
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  const operator = await addClient(server, { metadata: { ...machineClient, scope: SCOPES } })
  const form = { grant_type: 'client_credentials', resource: ADMIN_API, scope: SCOPES }
  token = (await askToken(server, operator, form)).json<Tokens>().access_token
  await addApi(server, { format: 'jwt' })
})
afterAll(() => server.stop())

/** The operations listener of the second instance: what it does must hold on the first. */
function admin(path: string, method = 'GET', json?: object, etag?: string): Promise<Answer> {
  const port = server.instances[1]?.opsPort ?? 0
  return send({ port, host: `127.0.0.1:${port}` }, `/v1${path}`, {
    method,
    headers: {
      ...bearer(token),
      ...(json && { 'content-type': 'application/json' }),
      ...(etag !== undefined && { 'if-match': etag }),
    },
    ...(json && { body: JSON.stringify(json) }),
  })
}

type App = Awaited<ReturnType<typeof addClient>>

/** Everything a client can hold: a code, tokens of a user, tokens of its own, a JWT. */
async function everythingOf(app: App) {
  const person = await addPerson(server)
  const params = { scope: 'openid offline_access orders:read', prompt: 'consent', resource: API }
  const first = await signIn(server, app, person, params)
  const tokens = (await redeem(server, app, first)).json<Tokens>()
  const jwt = (await refresh(server, app, tokens.refresh_token, { resource: API })).json<Tokens>()
  const code = await signIn(server, app, person, {}, { agent: first.agent })
  return { person, tokens, jwt, code, agent: first.agent }
}

async function expectNothingWorks(app: App, held: Awaited<ReturnType<typeof everythingOf>>): Promise<void> {
  const witness = await addClient(server, { metadata: machineClient })
  for (const at of server.instances) {
    for (const answer of [
      await redeem(at, app, held.code),
      await refresh(at, app, held.jwt.refresh_token),
      await askToken(at, app, { grant_type: 'client_credentials' }),
      await userinfo(at, held.tokens.access_token),
      await at.ask('/introspect', {
        body: { token: held.jwt.access_token },
        headers: basic(app.id, app.secret),
      }),
    ])
      expect([400, 401]).toContain(answer.status)
    for (const value of [held.tokens.access_token, held.jwt.refresh_token, held.jwt.access_token])
      expect(await isActive(at, witness, value)).toBe(false)
    const silent = await held.agent.get(authorizeUrl(app, pkce().challenge, { prompt: 'none' }))
    expect(silent.status).toBe(400)
    expect(silent.location).toBeUndefined()
  }
}

test('a client deleted while its tokens live leaves 400, 401 and inactive at every door, never 500 (FT-31)', async () => {
  const app = await addClient(server, {
    metadata: { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] },
  })
  const held = await everythingOf(app)
  const { headers } = await admin(`/clients/${app.id}`)
  const gone = await admin(`/clients/${app.id}`, 'DELETE', undefined, headers.etag)
  expect([gone.status, gone.json()]).toMatchObject([200, { revoked: { state: 'completed' } }])
  await expectNothingWorks(app, held)
  expect(server.log.filter((line) => line.includes('"status":5'))).toEqual([])
})

test('one that is disabled is as dead, and what it held stays so when it is enabled again (FT-31)', async () => {
  const app = await addClient(server)
  const held = await everythingOf(app)
  expect((await admin(`/clients/${app.id}/disable`, 'POST')).status).toBe(200)
  await expectNothingWorks(app, held)
  expect((await admin(`/clients/${app.id}/enable`, 'POST')).status).toBe(200)
  expect((await refresh(server, app, held.jwt.refresh_token)).status).toBe(400)
  expect((await userinfo(server, held.tokens.access_token)).status).toBe(401)
  const again = await held.agent.get(authorizeUrl(app, pkce().challenge))
  expect(again.status).toBe(303)
})

test("a client's tokens are listed by handle and found by value, JWTs too, once our signature is verified (AD-08)", async () => {
  const app = await addClient(server)
  const { tokens, jwt, person } = await everythingOf(app)
  const { items } = (await admin(`/tokens?client_id=${app.id}`)).json<{
    items: { handle: string; kind: string }[]
  }>()
  expect(new Set(items.map(({ kind }) => kind))).toEqual(
    new Set(['access_token', 'jwt_access_token', 'refresh_token', 'authorization_code']),
  )
  for (const [value, kind] of [
    [tokens.access_token, 'access_token'],
    [jwt.refresh_token, 'refresh_token'],
    [jwt.access_token, 'jwt_access_token'],
  ] as const) {
    const found = await admin('/tokens/lookup', 'POST', { token: value })
    expect(found.json()).toMatchObject({ kind, active: true, client_id: app.id, user_id: person.id })
    expect(items.map(({ handle }) => handle)).toContain(found.json()['handle'])
    expect(found.text).not.toContain(value)
  }
  const [head = '', body = '', signature = ''] = jwt.access_token.split('.')
  const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
  for (const forged of [`${head}.${body}.${flipped}`, `${head}.${body}.`, tokens.id_token])
    expect((await admin('/tokens/lookup', 'POST', { token: forged })).status).toBe(404)
  const [session] = (await admin(`/sessions?user_id=${person.id}`)).json<{ items: object[] }>().items
  expect(session).toMatchObject({ active: true, client_ids: [app.id], acr: 'urn:cardea:acr:mfa' })
  const [grant] = (await admin(`/grants?user_id=${person.id}`)).json<{ items: object[] }>().items
  expect(grant).toMatchObject({ resources: { [API]: ['orders:read'] } })
})
