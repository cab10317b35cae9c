import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt, SignJWT } from 'jose'
import { addAssertionClient, askWith, keyPair, signAssertion } from '../support/assertion.ts'
import { basic } from '../support/http-client.ts'
import { addApi, addClient, addPerson, REDIRECT_URI } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, authorizeUrl, pkce, redeem, refresh, signIn, tokensFor, told } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { giveBack, introspect, userinfo } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const API = 'https://api.example/'
let server: TestServer
let web: Client
let person: Person
/** One of everything that this server hands out or keeps a name for. */
let things: Record<string, string>
let agent: Awaited<ReturnType<typeof signIn>>['agent']
beforeAll(async () => {
  server = await startTestServer()
  web = await addClient(server)
  person = await addPerson(server)
  await addApi(server, { format: 'jwt' })
  const tokens = await tokensFor(server, web, person, {
    scope: 'openid offline_access email',
    prompt: 'consent',
  })
  agent = tokens.agent
  const other = await signIn(server, web, person, { scope: 'openid orders:read', resource: API }, { agent })
  const forApi = (await redeem(server, web, other, { resource: API })).json<Tokens>()
  const waiting = await signIn(server, web, person, {}, { agent })
  const interaction = await agent.get(authorizeUrl(web, pkce().challenge, { prompt: 'login' }))
  const session = await server.database.prisma.session.findFirstOrThrow({ where: { userId: person.id } })
  const cookie = agent.cookies.find(({ name }) => name === 'cardea_session')?.value ?? ''
  const assertion = await signAssertion(server, await addAssertionClient(server))
  const grants = await server.database.prisma.grant.findFirstOrThrow({ where: { userId: person.id } })
  things = {
    'an access token': tokens.access_token,
    'a refresh token': tokens.refresh_token,
    'an ID token': tokens.id_token,
    'a JWT access token': forApi.access_token,
    'a code': waiting.code,
    'the uid of a sign-in under way': interaction.location?.split('/').at(-1) ?? '',
    'the value of the session cookie': cookie,
    'the uid of the session': session.uid,
    'the id of the grant': grants.id,
    'the subject': person.id,
    'the client_id': web.id,
    'the jti of a JWT access token': decodeJwt(forApi.access_token).jti ?? '',
    'a client assertion': assertion,
    'a digest in the database': Buffer.from(session.digest).toString('base64url'),
  }
  for (const value of Object.values(things)) expect(value.length).toBeGreaterThan(15)
})
afterAll(() => server.stop())

const all = () => Object.entries(things)
const except = (...names: string[]) => all().filter(([name]) => !names.includes(name))

test('nothing but an access token opens userinfo (TO-03, RFC 9068 §2.1, ASVS 9.2.2)', async () => {
  for (const [name, value] of except('an access token')) {
    const answer = await userinfo(server, value)
    expect([name, answer.status, answer.json()['error']]).toEqual([name, 401, 'invalid_token'])
  }
  expect((await userinfo(server, things['an access token'] ?? '')).status).toBe(200)
})

test('nothing but a code is redeemed as a code, and nothing but a refresh token refreshes (B2, CVE-2026-4282)', async () => {
  for (const [name, value] of except('a code')) {
    const answer = await redeem(server, web, { code: value, verifier: 'x'.repeat(43) })
    expect([name, answer.status, answer.json()['error']]).toEqual([name, 400, 'invalid_grant'])
  }
  for (const [name, value] of except('a refresh token')) {
    const answer = await refresh(server, web, value)
    expect([name, answer.status, answer.json()['error']]).toEqual([name, 400, 'invalid_grant'])
  }
})

test('nothing but an assertion of the client is a client assertion (TO-03, ASVS 9.2.2)', async () => {
  const withKey = await addAssertionClient(server)
  for (const [name, value] of all()) {
    const answer = await askWith(server, value, { client_id: withKey.id })
    expect([name, [400, 401].includes(answer.status)]).toEqual([name, true])
    expect(answer.text).not.toContain('access_token')
  }
})

test('nothing but an access or refresh token is active at introspection (TO-03, RFC 7662 §2.2)', async () => {
  for (const [name, value] of except('an access token', 'a refresh token', 'a JWT access token')) {
    const answer = await introspect(server, web, value)
    expect([name, answer.status, answer.text]).toEqual([name, 200, '{"active":false}'])
  }
})

test('giving back what is no token takes nothing away (TO-03, RV-02)', async () => {
  for (const [name, value] of except('an access token', 'a refresh token', 'a JWT access token')) {
    const answer = await giveBack(server, web, value)
    expect([name, answer.status, answer.text]).toEqual([name, 200, ''])
  }
  expect((await userinfo(server, things['an access token'] ?? '')).status).toBe(200)
  expect((await refresh(server, web, things['a refresh token'] ?? '')).status).toBe(200)
})

test('nothing but an ID token is an id_token_hint (TO-03, AZ-19)', async () => {
  const silently = async (hint: string) =>
    told(await agent.get(authorizeUrl(web, pkce().challenge, { prompt: 'none', id_token_hint: hint })))
  for (const [name, value] of except('an ID token'))
    expect([name, await silently(value)]).toEqual([
      name,
      expect.not.objectContaining({ code: expect.anything() as unknown }),
    ])
  expect(await silently(things['an ID token'] ?? '')).toHaveProperty('code')
})

test('nothing is a password to the token endpoint: neither a subject nor a cookie authenticates a client (TO-03)', async () => {
  for (const [name, value] of except('the client_id')) {
    const answer = await server.ask('/token', {
      body: { grant_type: 'client_credentials' },
      headers: basic(web.id, value),
    })
    expect([name, [401, 429].includes(answer.status)]).toEqual([name, true])
  }
})

describe('a token of another server', () => {
  test('with the same claims and its own key is nothing here (TO-03, KY-02)', async () => {
    const { privateKey } = await keyPair('RS256')
    const jwt = await new SignJWT({ sub: person.id, scope: 'openid email', client_id: web.id })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' })
      .setIssuer(server.issuer)
      .setAudience(server.issuer)
      .setExpirationTime('5m')
      .sign(privateKey)
    expect((await userinfo(server, jwt)).status).toBe(401)
    const form = {
      grant_type: 'authorization_code',
      code: jwt,
      redirect_uri: REDIRECT_URI,
      code_verifier: 'x'.repeat(43),
    }
    expect((await askToken(server, web, form)).status).toBe(400)
  })
})
