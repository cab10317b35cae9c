import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addApi, addClient, addPerson, machineClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import {
  askToken,
  authorizeUrl,
  isActive,
  pkce,
  redeem,
  refresh,
  signIn,
  tokensFor,
  told,
} from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { introspect, userinfo } from '../support/tokens.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent } from '../support/user-agent.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const API = 'https://api.example/'
let server: TestServer
let web: Client, machine: Client, api: Client
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  web = await addClient(server)
  machine = await addClient(server, { metadata: machineClient })
  api = await addClient(server, { metadata: { ...machineClient, grant_types: [] } })
  await addApi(server, { clientId: api.id })
  person = await addPerson(server)
})
afterAll(() => server.stop())

const split = (scope: unknown) => String(scope).split(' ').toSorted()
const cc = (client: Client, form: Record<string, string>) =>
  askToken(server, client, { grant_type: 'client_credentials', ...form })

describe('a machine', () => {
  test('gets the scope it is registered for, and is told so (TK-05, RFC 6749 §5.1)', async () => {
    const answer = await cc(machine, { resource: API, scope: 'orders:read' })
    expect(answer.json()).toMatchObject({ scope: 'orders:read' })
  })

  test('that asks for more of the API gets what it is registered for, and is told what that is (TK-05, RFC 6749 §3.3)', async () => {
    const answer = await cc(machine, { resource: API, scope: 'orders:read orders:write orders:admin' })
    expect(answer.json()).toMatchObject({ scope: 'orders:read' })
    const { access_token: token } = answer.json<Tokens>()
    expect((await introspect(server, machine, token)).json()).toMatchObject({
      active: true,
      scope: 'orders:read',
    })
  })

  test.each([
    ['a scope of the API that it is not registered for', { resource: API, scope: 'orders:write' }],
    ['a scope without the API it belongs to', { scope: 'orders:read' }],
    ['a scope that nobody knows', { scope: 'root' }],
    ['scopes about people', { scope: 'openid profile email' }],
    ['offline access', { scope: 'offline_access' }],
    ['a scope of the API and one about people', { resource: API, scope: 'orders:write openid' }],
  ])(
    'that asks for %s gets invalid_scope instead of a token without it (TK-05, RFC 6749 §5.1)',
    async (_, form) => {
      const answer = await cc(machine, form)
      expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_scope'])
    },
  )

  test('registered without a scope list gets none of the API (TK-05)', async () => {
    const { scope: _scope, ...metadata } = machineClient
    const bare = await addClient(server, { metadata })
    const answer = await cc(bare, { resource: API, scope: 'orders:read' })
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_scope'])
    expect((await cc(bare, { resource: API })).json()).not.toHaveProperty('scope')
  })
})

describe('a client of people', () => {
  test('registered for openid and email is refused profile at the authorization endpoint (TK-05)', async () => {
    const narrow = await addClient(server, { metadata: { scope: 'openid email' } })
    const url = authorizeUrl(narrow, pkce().challenge, { scope: 'openid email profile' })
    expect(told(await createUserAgent(server).get(url))).toMatchObject({
      error: 'invalid_scope',
      state: 'st4te',
    })
  })

  test('registered for a scope of an API alone is refused everything about people (TK-05)', async () => {
    const narrow = await addClient(server, { metadata: { scope: 'orders:read' } })
    const url = authorizeUrl(narrow, pkce().challenge, { scope: 'openid email', resource: API })
    expect(told(await createUserAgent(server).get(url))).toMatchObject({ error: 'invalid_scope' })
  })

  test('gets no more than its user ticked, and is told so (TK-05, RFC 6749 §3.3)', async () => {
    const client = await addClient(server)
    const signedIn = await signIn(
      server,
      client,
      person,
      { scope: 'openid email profile' },
      { ticked: ['email'] },
    )
    const tokens = (await redeem(server, client, signedIn)).json<Tokens>()
    expect(split(tokens.scope)).toEqual(['email', 'openid'])
    expect((await userinfo(server, tokens.access_token)).json()).not.toHaveProperty('name')
    const later = (await refresh(server, client, tokens.refresh_token)).json<Tokens>()
    expect(split(later.scope)).toEqual(['email', 'openid'])
  })

  test('cannot name a scope when it redeems the code (TK-05)', async () => {
    const signedIn = await signIn(server, web, person, { scope: 'openid' })
    const tokens = (await redeem(server, web, signedIn, { scope: 'openid email profile' })).json<Tokens>()
    expect(tokens.scope).toBe('openid')
  })
})

describe('a refresh', () => {
  test('may narrow the scope, and the refresh token keeps the original (RT-04, RFC 6749 §6)', async () => {
    const tokens = await tokensFor(server, web, person, { scope: 'openid email profile' })
    const narrow = (await refresh(server, web, tokens.refresh_token, { scope: 'openid' })).json<Tokens>()
    expect(narrow.scope).toBe('openid')
    const claims = (await userinfo(server, narrow.access_token)).json()
    expect(claims).toMatchObject({ sub: person.id })
    for (const claim of ['name', 'email', 'email_verified', 'updated_at'])
      expect(claims).not.toHaveProperty(claim)
    const again = (await refresh(server, web, narrow.refresh_token)).json<Tokens>()
    expect(split(again.scope)).toEqual(['email', 'openid', 'profile'])
  })

  test.each(['openid email', 'offline_access', 'openid orders:read', 'root', 'openid openid2'])(
    'that asks for %s beyond the original scope gets invalid_scope and costs nothing (RT-04, RFC 6749 §6)',
    async (scope) => {
      const tokens = await tokensFor(server, web, person, { scope: 'openid' })
      const answer = await refresh(server, web, tokens.refresh_token, { scope })
      expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_scope'])
      expect((await refresh(server, web, tokens.refresh_token)).status).toBe(200)
      expect(await isActive(server, web, tokens.access_token)).toBe(true)
    },
  )

  test('of a rotated token that narrowed the scope still has the original one (RT-04, OAuth 2.1 §4.3.3)', async () => {
    const spa = await addClient(server, { metadata: { token_endpoint_auth_method: 'none' } })
    const tokens = await tokensFor(server, spa, person, { scope: 'openid email' })
    const narrow = (await refresh(server, spa, tokens.refresh_token, { scope: 'openid' })).json<Tokens>()
    expect(narrow.refresh_token).not.toBe(tokens.refresh_token)
    const again = (await refresh(server, spa, narrow.refresh_token)).json<Tokens>()
    expect(split(again.scope)).toEqual(['email', 'openid'])
  })

  test('cannot reach an API that the user was never asked about (RT-04, RFC 8707 §2.2)', async () => {
    const tokens = await tokensFor(server, web, person, { scope: 'openid' })
    const answer = await refresh(server, web, tokens.refresh_token, { resource: API })
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_target'])
  })
})
