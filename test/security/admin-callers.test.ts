import { SignJWT, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ADMIN_API, ADMIN_SCOPES, ensureBuiltIn } from '../../src/clients/index.ts'
import { revoke } from '../../src/oidc/index.ts'
import { send } from '../support/http-client.ts'
import { addApi, addClient, addPerson, machineClient } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { askToken, redeem, signIn, tokensFor } from '../support/sign-in.ts'
import { createUserAgent } from '../support/user-agent.ts'

let server: TestServer
let machine: Awaited<ReturnType<typeof addClient>>

beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_OPS_HOSTS: 'ops.example' } })
  await server.database.transaction((tx) => ensureBuiltIn(tx, { issuer: server.issuer }))
  await addApi(server)
  const scope = `${ADMIN_SCOPES.join(' ')} orders:read`
  machine = await addClient(server, { metadata: { ...machineClient, scope } })
})
afterAll(() => server.stop())

const ops = (path: string, token?: string, { instance = 0, headers = {} } = {}) =>
  send({ port: server.instances[instance]?.opsPort ?? 0, host: '127.0.0.1' }, path, {
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
  })

async function machineToken(form: Record<string, string> = {}): Promise<string> {
  const answer = await askToken(server, machine, {
    grant_type: 'client_credentials',
    resource: ADMIN_API,
    scope: 'users:read',
    ...form,
  })
  expect(answer.text).toContain('access_token')
  return answer.json<{ access_token: string }>().access_token
}

describe('the admin API takes', () => {
  test("a machine's token for itself, on every instance, and nothing more than it says", async () => {
    const token = await machineToken()
    for (const instance of [0, 1]) expect((await ops('/v1/users', token, { instance })).status).toBe(200)
    expect((await ops('/v1/clients', token)).status).toBe(403)
  })

  test.each<[string, () => Promise<string>]>([
    [
      'a token for another API',
      () => machineToken({ resource: 'https://api.example/', scope: 'orders:read' }),
    ],
    [
      "a user's token for the userinfo endpoint",
      async () => (await tokensFor(server, await addClient(server), await addPerson(server))).access_token,
    ],
    [
      'an ID token',
      async () => (await tokensFor(server, await addClient(server), await addPerson(server))).id_token,
    ],
    [
      "another issuer's JWT",
      async () => {
        const { privateKey } = await generateKeyPair('ES256')
        return new SignJWT({ scope: 'users:read', client_id: machine.id })
          .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
          .setIssuer('https://other.example')
          .setAudience(ADMIN_API)
          .setExpirationTime('5 minutes')
          .sign(privateKey)
      },
    ],
    [
      'an expired token',
      async () => {
        const token = await machineToken()
        await server.database.prisma
          .$executeRaw`UPDATE tokens SET expires_at = now() WHERE kind = 'ClientCredentials'`
        return token
      },
    ],
  ])('not %s: 401 as a problem (AD-01)', async (_name, tokenOf) => {
    const answer = await ops('/v1/users', await tokenOf())
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
    expect(answer.headers['content-type']).toBe('application/problem+json')
  })

  test('not a session cookie (AD-01)', async () => {
    const { agent } = await tokensFor(server, await addClient(server), await addPerson(server))
    const cookie = agent.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    expect(cookie).not.toBe('')
    expect((await ops('/v1/users', undefined, { headers: { cookie } })).status).toBe(401)
  })

  test('no token any more from the moment it is revoked, on every instance (AD-14)', async () => {
    const token = await machineToken()
    expect((await ops('/v1/users', token)).status).toBe(200)
    await server.database.transaction((tx) => revoke(tx, { clientId: machine.id }, { reason: 'test' }))
    for (const instance of [0, 1]) expect((await ops('/v1/users', token, { instance })).status).toBe(401)
  })
})

test('the public listener has no admin API (AD-15)', async () => {
  const token = await machineToken()
  const agent = createUserAgent(server)
  for (const path of ['/admin', '/v1/users', '/v1/openapi.json', '/docs', '/metrics'])
    expect((await agent.get(path, { headers: { authorization: `Bearer ${token}` } })).status).toBe(404)
})

test('says whose tokens it takes (RFC 9728)', async () => {
  const answer = await ops('/.well-known/oauth-protected-resource')
  expect(answer.json()).toMatchObject({
    resource: ADMIN_API,
    authorization_servers: [server.issuer],
    bearer_methods_supported: ['header'],
  })
})

test('health is reached by any name, the rest is not (DNS rebinding)', async () => {
  const headers = { host: 'anything.example' }
  expect((await ops('/health/live', undefined, { headers })).status).toBe(200)
  const metrics = await ops('/metrics', undefined, { headers })
  expect(metrics.status).toBe(421)
  expect(metrics.text).not.toContain('http_requests_total')
  expect((await ops('/v1/openapi.json', undefined, { headers })).status).toBe(421)
})

test.each(['127.0.0.1:3001', '10.0.0.7', '[::1]:3001', 'localhost', 'ops.example:9090'])(
  'metrics are read under the name %s',
  async (host) => {
    const answer = await ops('/metrics', undefined, { headers: { host } })
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('http_requests_total')
  },
)

describe('nobody without a role gets a token for it', () => {
  const params = { scope: 'openid users:read', resource: ADMIN_API, acr_values: 'urn:cardea:acr:mfa' }
  const setRole = (id: string, role: 'auditor' | null) =>
    server.database.prisma.user.update({ where: { id }, data: { role } })

  test('not by code, which is not used up by that; nor by refresh once the role is gone (RFC 6749 §5.2)', async () => {
    const client = await addClient(server, {
      firstParty: true,
      metadata: { scope: 'openid users:read' },
    })
    const person = await addPerson(server)
    const code = await signIn(server, client, person, params)
    const refused = await redeem(server, client, code, { resource: ADMIN_API })
    expect([refused.status, refused.json()['error']]).toEqual([400, 'invalid_scope'])
    await setRole(person.id, 'auditor')
    const granted = await redeem(server, client, code, { resource: ADMIN_API })
    expect([granted.status, granted.json()['scope']]).toEqual([200, 'users:read'])
    await setRole(person.id, null)
    const { refresh_token } = granted.json<{ refresh_token: string }>()
    const again = await askToken(server, client, {
      ...{ grant_type: 'refresh_token', refresh_token, resource: ADMIN_API },
    })
    expect([again.status, again.json()['error']]).toEqual([400, 'invalid_scope'])
    expect(again.json()['error_description']).toContain('no role')
  })
})
