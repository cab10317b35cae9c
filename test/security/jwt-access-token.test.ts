import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload } from 'jose'
import { revoke } from '../../src/oidc/index.ts'
import { addApi, addClient, addPerson, machineClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, redeem, refresh, signIn } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { giveBack, introspect, userinfo } from '../support/tokens.ts'

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
  await addApi(server, { format: 'jwt', clientId: api.id })
  person = await addPerson(server)
})
afterAll(() => server.stop())

async function verify(token: string): Promise<JWTPayload> {
  const keys = createLocalJWKSet((await server.ask('/jwks')).json<JSONWebKeySet>())
  return (await jwtVerify(token, keys, { issuer: server.issuer, audience: API, typ: 'at+jwt' })).payload
}

async function personsTokens(): Promise<Tokens> {
  const signedIn = await signIn(server, web, person, {
    scope: 'openid offline_access orders:read',
    resource: API,
    prompt: 'consent',
  })
  return (await redeem(server, web, signedIn, { resource: API })).json<Tokens>()
}

describe('a JWT access token', () => {
  test('of a person is what RFC 9068 §2.2 says, and tells how they signed in (TO-02)', async () => {
    const { access_token: token } = await personsTokens()
    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: expect.any(String) as unknown,
    })
    const claims = await verify(token)
    expect(claims).toEqual({
      iss: server.issuer,
      aud: API,
      sub: person.id,
      client_id: web.id,
      jti: expect.any(String) as unknown,
      iat: expect.any(Number) as unknown,
      exp: expect.any(Number) as unknown,
      scope: 'orders:read',
      auth_time: expect.any(Number) as unknown,
      acr: 'urn:cardea:acr:mfa',
      amr: ['pwd', 'otp', 'mfa'],
    })
  })

  test('lives ten minutes unless configured otherwise, so that what cannot be called back ends by itself (RV-05)', async () => {
    const { iat = 0, exp = 0 } = await verify((await personsTokens()).access_token)
    expect(exp - iat).toBe(600)
  })

  test('of a machine has the client for a subject, and nothing about a sign-in (TO-02, TO-05)', async () => {
    const answer = await askToken(server, machine, {
      grant_type: 'client_credentials',
      resource: API,
      scope: 'orders:read',
    })
    const claims = await verify(answer.json<Tokens>().access_token)
    expect(claims).toMatchObject({ sub: machine.id, client_id: machine.id, aud: API, scope: 'orders:read' })
    for (const claim of ['auth_time', 'acr', 'amr']) expect(claims).not.toHaveProperty(claim)
  })

  test('of a refresh still tells of the sign-in it came from (TO-02, RFC 9068 §2.2.1)', async () => {
    const tokens = await personsTokens()
    const before = await verify(tokens.access_token)
    const later = (await refresh(server, web, tokens.refresh_token, { resource: API })).json<Tokens>()
    const after = await verify(later.access_token)
    for (const claim of ['sub', 'auth_time', 'acr', 'amr', 'scope'])
      expect(after[claim]).toEqual(before[claim])
    expect(after.jti).not.toBe(before.jti)
  })

  test('is each its own: no jti comes twice (TO-02)', async () => {
    const form = { grant_type: 'client_credentials', resource: API }
    const answers = await Promise.all(Array.from({ length: 20 }, () => askToken(server, machine, form)))
    const ids = await Promise.all(
      answers.map(async (answer) => (await verify(answer.json<Tokens>().access_token)).jti),
    )
    expect(new Set(ids).size).toBe(20)
  })

  test('leaves nothing behind here that could be stolen (TO-02)', async () => {
    const before = await server.database.prisma.token.count()
    await askToken(server, machine, { grant_type: 'client_credentials', resource: API })
    expect(await server.database.prisma.token.count()).toBe(before)
  })

  test('is refused at userinfo, which is another audience (TO-04, RFC 9068 §4)', async () => {
    const { access_token: token } = await personsTokens()
    expect((await userinfo(server, token)).status).toBe(401)
  })

  test('can be neither introspected nor given back here, and says so instead of "inactive" or "done" (RV-02, RV-05, RFC 7009 §2.2.1)', async () => {
    const { access_token: token } = await personsTokens()
    for (const caller of [web, api, machine])
      for (const answer of [await introspect(server, caller, token), await giveBack(server, caller, token)])
        expect([answer.status, answer.json()['error']]).toEqual([400, 'unsupported_token_type'])
  })

  test('is not replaced once access was revoked (RV-05)', async () => {
    const tokens = await personsTokens()
    await server.database.transaction((tx) => revoke(tx, { userId: person.id }, { reason: 'test' }))
    expect((await refresh(server, web, tokens.refresh_token, { resource: API })).status).toBe(400)
  })
})
