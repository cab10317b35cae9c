import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload } from 'jose'
import { addApi, addClient, addPerson, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { redeem, refresh, signIn, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  person = await addPerson(server)
  await addApi(server)
})
afterAll(() => server.stop())

const now = () => Math.floor(Date.now() / 1000)

async function verify(idToken: string, clientId: string): Promise<JWTPayload & Record<string, unknown>> {
  const keys = createLocalJWKSet((await server.ask('/jwks')).json<JSONWebKeySet>())
  const { payload } = await jwtVerify(idToken, keys, { issuer: server.issuer, audience: clientId })
  return payload
}

describe('an ID token', () => {
  test.each([undefined, 'RS256', 'ES256', 'EdDSA'])(
    'is signed with a published key, in the algorithm asked for (%s), with the claims of Core §2 (TO-01)',
    async (alg) => {
      const client = await addClient(server, {
        metadata: alg === undefined ? {} : { id_token_signed_response_alg: alg },
      })
      const began = now()
      const tokens = await tokensFor(server, client, person, {
        scope: 'openid email',
        nonce: 'n-0S6_WzA2Mj',
        max_age: '3600',
      })
      const claims = await verify(tokens.id_token, client.id)
      expect(decodeProtectedHeader(tokens.id_token)).toEqual({
        alg: alg ?? 'RS256',
        kid: expect.any(String) as unknown,
      })
      expect(claims).toEqual({
        iss: server.issuer,
        sub: person.id,
        aud: client.id,
        nonce: 'n-0S6_WzA2Mj',
        iat: expect.any(Number) as unknown,
        exp: expect.any(Number) as unknown,
        auth_time: expect.any(Number) as unknown,
        acr: 'urn:cardea:acr:mfa',
        amr: ['pwd', 'otp', 'mfa'],
      })
      const { iat = 0, exp = 0 } = claims
      expect(iat).toBeGreaterThanOrEqual(began)
      expect(exp - iat).toBeGreaterThan(0)
      expect(exp - iat).toBeLessThanOrEqual(600)
      expect(claims['auth_time']).toBeGreaterThanOrEqual(began)
      expect(claims['auth_time']).toBeLessThanOrEqual(iat)
    },
  )

  test('says nothing of a nonce that was not sent (TO-01, Core §3.1.3.6)', async () => {
    const client = await addClient(server)
    const tokens = await tokensFor(server, client, person, { nonce: undefined })
    expect(await verify(tokens.id_token, client.id)).not.toHaveProperty('nonce')
  })

  test('of a later refresh has the same subject and auth_time, and no newer nonce (TO-01, Core §12.2)', async () => {
    const client = await addClient(server)
    const tokens = await tokensFor(server, client, person)
    const first = await verify(tokens.id_token, client.id)
    const later = (await refresh(server, client, tokens.refresh_token)).json<Tokens>()
    const second = await verify(later.id_token, client.id)
    for (const claim of ['iss', 'sub', 'aud', 'auth_time', 'acr', 'amr'])
      expect(second[claim]).toEqual(first[claim])
    expect([undefined, first['nonce']]).toContain(second['nonce'])
  })

  test('is for one client: its key finds no other audience in it (TO-01)', async () => {
    const [client, other] = [await addClient(server), await addClient(server)]
    const { id_token: token } = await tokensFor(server, client, person)
    await expect(verify(token, other.id)).rejects.toThrow('unexpected "aud" claim value')
  })

  test('is never unsigned nor signed with a secret, whatever a client is registered with (TO-01, Core §15.1)', async () => {
    for (const alg of ['none', 'HS256', 'HS512', 'PS512', 'RS1'])
      await expect(
        addClient(server, { metadata: { ...publicClient, id_token_signed_response_alg: alg } }),
      ).rejects.toThrow('id_token_signed_response_alg')
  })

  test('is given only for the scope openid (TO-01, Core §3.1.2.1)', async () => {
    const client = await addClient(server)
    const params = { scope: 'orders:read', resource: 'https://api.example/', nonce: undefined }
    const signedIn = await signIn(server, client, person, params)
    const answer = await redeem(server, client, signedIn, { resource: 'https://api.example/' })
    expect(answer.status).toBe(200)
    expect(answer.json()).not.toHaveProperty('id_token')
  })
})

describe('a subject', () => {
  test('is the same for the same person, at every client and sign-in (TO-05, Core §2)', async () => {
    for (let round = 0; round < 2; round += 1) {
      const client = await addClient(server)
      const { id_token: token } = await tokensFor(server, client, person)
      expect((await verify(token, client.id)).sub).toBe(person.id)
    }
  })

  test('is not given to the next person with the same address (TO-05, Core §5.7)', async () => {
    const email = 'same@example.com'
    const first = await addPerson(server, { email })
    await server.database.prisma.user.delete({ where: { id: first.id } })
    const second = await addPerson(server, { email })
    expect(second.id).not.toBe(first.id)
  })

  test.each(['as it is', 'in capitals'])(
    'of a person cannot become the id of a client (%s) (TO-05, RFC 9700 §4.15.1)',
    async (how) => {
      const id = how === 'in capitals' ? person.id.toUpperCase() : person.id
      await expect(addClient(server, { id })).rejects.toThrow('must not have the form of a user id')
    },
  )
})
