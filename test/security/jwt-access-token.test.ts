import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload } from 'jose'
import { revoke } from '../../src/oidc/index.ts'
import { grantReference } from '../../src/oidc/jwt-access-token.ts'
import { addApi, addClient, addPerson, machineClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, redeem, refresh, signIn } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { digestOf, grantOf, userinfo } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const API = 'https://api.example/'
let server: TestServer
let web: Client, machine: Client
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  web = await addClient(server)
  machine = await addClient(server, { metadata: machineClient })
  await addApi(server, { format: 'jwt' })
  person = await addPerson(server)
})
afterAll(() => server.stop())

async function verify(token: string): Promise<JWTPayload> {
  const keys = createLocalJWKSet((await server.ask('/jwks')).json<JSONWebKeySet>())
  return (await jwtVerify(token, keys, { issuer: server.issuer, audience: API, typ: 'at+jwt' })).payload
}

function rowOf(jti: string) {
  return server.database.prisma.token.findFirstOrThrow({ where: { digest: new Uint8Array(digestOf(jti)) } })
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
      grant_ref: expect.stringMatching(/^[\w-]{22}$/) as unknown,
      status: {
        status_list: {
          idx: expect.any(Number) as unknown,
          uri: expect.stringMatching(/\/status-lists\/\d+-0$/) as unknown,
        },
      },
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
    for (const claim of ['auth_time', 'acr', 'amr', 'grant_ref']) expect(claims).not.toHaveProperty(claim)
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

  test('leaves nothing behind here that could be stolen: no value, and of its jti a digest (TO-02)', async () => {
    const { access_token: token } = await personsTokens()
    const { jti = '' } = await verify(token)
    const row = await rowOf(jti)
    expect(row).toMatchObject({ kind: 'JwtAccessToken', userId: person.id, clientId: web.id, audience: API })
    const { rows } = await server.database.pool.query<{ text: string }>(
      'SELECT t::text FROM tokens t WHERE digest = $1',
      [digestOf(jti)],
    )
    expect(rows).toHaveLength(1)
    for (const part of [jti, token, ...token.split('.').slice(1)])
      expect(JSON.stringify(rows)).not.toContain(part)
  })

  test('is known here by the key that signed it and its place in a status list (RV-05)', async () => {
    const { access_token: token } = await personsTokens()
    const { jti = '', exp = 0, status } = await verify(token)
    const row = await rowOf(jti)
    expect(row.payload).toMatchObject({ kid: decodeProtectedHeader(token).kid })
    expect(row.expiresAt).toEqual(new Date(exp * 1000))
    expect(status).toEqual({
      status_list: { idx: row.statusIdx, uri: `${server.issuer}/status-lists/${row.statusList}-0` },
    })
    expect(row.statusList).toBe(Math.floor(exp / 600))
  })

  test('names its grant to an API, the same way each time, and to each API differently (RV-05)', async () => {
    const tokens = await personsTokens()
    const name = (await verify(tokens.access_token))['grant_ref']
    const later = (await refresh(server, web, tokens.refresh_token, { resource: API })).json<Tokens>()
    expect((await verify(later.access_token))['grant_ref']).toBe(name)
    expect((await verify((await personsTokens()).access_token))['grant_ref']).not.toBe(name)
    const grantId = await grantOf(server, tokens.refresh_token)
    expect(grantReference(API, grantId)).toBe(name)
    expect(grantReference('https://other.example/', grantId)).not.toBe(name)
  })

  test('is refused at userinfo, which is another audience (TO-04, RFC 9068 §4)', async () => {
    const { access_token: token } = await personsTokens()
    expect((await userinfo(server, token)).status).toBe(401)
  })

  test('is not replaced once access was revoked (RV-05)', async () => {
    const tokens = await personsTokens()
    await server.database.transaction((tx) => revoke(tx, { userId: person.id }, { reason: 'test' }))
    expect((await refresh(server, web, tokens.refresh_token, { resource: API })).status).toBe(400)
  })
})
