import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createResourceServer } from '../../src/clients/index.ts'
import { basic, bearer, send } from '../support/http-client.ts'
import { addApi, addClient, addPerson, machineClient, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, authorizeUrl, pkce, redeem, refresh, signIn, told, walk } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { introspect, userinfo } from '../support/tokens.ts'
import { createUserAgent } from '../support/user-agent.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const [A, B] = ['https://a.example/', 'https://b.example/']
let server: TestServer
let web: Client, machine: Client, apiA: Client, apiB: Client
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  web = await addClient(server)
  machine = await addClient(server, { metadata: machineClient })
  const backend = { ...machineClient, grant_types: [] }
  apiA = await addClient(server, { metadata: backend })
  apiB = await addClient(server, { metadata: backend })
  await addApi(server, { identifier: A, clientId: apiA.id })
  await addApi(server, { identifier: B, clientId: apiB.id })
  person = await addPerson(server)
})
afterAll(() => server.stop())

const offline = { prompt: 'consent', scope: 'openid offline_access orders:read' }

describe('an access token for one API', () => {
  let token: string
  beforeAll(async () => {
    const signedIn = await signIn(server, web, person, { ...offline, resource: A })
    const answer = await redeem(server, web, signedIn, { resource: A })
    expect(answer.json()).toMatchObject({ scope: 'orders:read' })
    token = answer.json<Tokens>().access_token
  })

  test('is refused at userinfo (TO-04, RFC 9700 §2.3)', async () => {
    const answer = await userinfo(server, token)
    expect([401, 403]).toContain(answer.status)
    expect(answer.text).not.toContain(person.id)
  })

  test('opens nothing on the operations listener (TO-04)', async () => {
    const [instance] = server.instances
    const port = instance?.opsPort ?? 0
    for (const path of ['/', '/v1/users', '/v1/clients', '/admin', '/userinfo']) {
      const answer = await send({ port, host: `127.0.0.1:${port}` }, path, { headers: bearer(token) })
      expect([path, [401, 403, 404].includes(answer.status)]).toEqual([path, true])
    }
  })

  test('is active in the eyes of that API, with it as the audience, and of no other (TO-04, IN-03, ASVS 9.2.3)', async () => {
    expect((await introspect(server, apiA, token)).json()).toMatchObject({
      active: true,
      aud: A,
      scope: 'orders:read',
      sub: person.id,
    })
    expect((await introspect(server, apiB, token)).text).toBe('{"active":false}')
  })

  test('does not carry the scopes of another API that were granted with its own (TO-04)', async () => {
    const identifier = 'https://c.example/'
    const apiC = await addClient(server, { metadata: { ...machineClient, grant_types: [] } })
    const scopes = [{ name: 'stock:read', description: 'See the stock', optional: true }]
    const other = { identifier, name: 'Stock', scopes, clientId: apiC.id }
    await createResourceServer(server.database.prisma, other)
    const { verifier, challenge } = pkce()
    const params = { ...offline, scope: `${offline.scope} stock:read`, resource: A }
    const url = `${authorizeUrl(web, challenge, params)}&resource=${encodeURIComponent(identifier)}`
    const { code = '' } = told(await walk(server, createUserAgent(server), url, person))
    const tokens = (await redeem(server, web, { code, verifier }, { resource: A })).json<Tokens>()
    const seen = (await introspect(server, apiA, tokens.access_token)).json()
    expect(seen).toMatchObject({ active: true, aud: A, scope: 'orders:read' })
    const later = await refresh(server, web, tokens.refresh_token, { resource: identifier })
    const granted = (await introspect(server, apiC, later.json<Tokens>().access_token)).json()
    expect(granted).toMatchObject({ active: true, aud: identifier, scope: 'stock:read' })
  })
})

describe('a token request', () => {
  test.each([
    ['of another API than the user was asked about', B],
    ['of an API that nobody knows', 'https://unknown.example/'],
    ['of the same API in other words', 'https://a.example'],
    ['of the same API in capitals', 'https://A.EXAMPLE/'],
    ['with a fragment', `${A}#x`],
    ['that is relative', '/a'],
    ['that is no URI', 'a'],
  ])(
    'for a resource %s is invalid_target, and the code stays good (TO-04, RFC 8707 §2, CVE-2026-67332)',
    async (_, resource) => {
      const signedIn = await signIn(server, web, person, { ...offline, resource: A })
      const refused = await redeem(server, web, signedIn, { resource })
      expect([refused.status, refused.json()['error']]).toEqual([400, 'invalid_target'])
      const tokens = (await redeem(server, web, signedIn, { resource: A })).json<Tokens>()
      const later = await refresh(server, web, tokens.refresh_token, { resource })
      expect([later.status, later.json()['error']]).toEqual([400, 'invalid_target'])
    },
  )

  test('of a public client for a wrong resource does not use up its refresh token, let alone end the family (TO-04)', async () => {
    const spa = await addClient(server, { metadata: publicClient })
    const signedIn = await signIn(server, spa, person, { ...offline, resource: A })
    const { refresh_token: token } = (await redeem(server, spa, signedIn, { resource: A })).json<Tokens>()
    for (const resource of [B, '/a'])
      expect((await refresh(server, spa, token, { resource })).json()['error']).toBe('invalid_target')
    expect((await refresh(server, spa, token, { resource: A })).status).toBe(200)
  })

  test('for two resources at once is refused (TO-04, RFC 8707 §2)', async () => {
    const signedIn = await signIn(server, web, person, { ...offline, resource: A })
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: signedIn.code,
      code_verifier: signedIn.verifier,
      redirect_uri: 'https://rp.example/cb',
    })
    body.append('resource', A)
    body.append('resource', A)
    const answer = await server.ask('/token', { body, headers: basic(web.id, web.secret) })
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_target'])
  })

  test('without a resource gives a token for userinfo, even if an API was asked about (TO-04)', async () => {
    const signedIn = await signIn(server, web, person, { ...offline, resource: A })
    const tokens = (await redeem(server, web, signedIn)).json<Tokens>()
    expect((await userinfo(server, tokens.access_token)).json()).toMatchObject({ sub: person.id })
    expect((await introspect(server, apiA, tokens.access_token)).text).toBe('{"active":false}')
  })

  test('of a machine gives a token for the API it names, which is refused at userinfo (TO-04)', async () => {
    const form = { grant_type: 'client_credentials', resource: A, scope: 'orders:read' }
    const { access_token: token } = (await askToken(server, machine, form)).json<Tokens>()
    expect((await introspect(server, apiA, token)).json()).toMatchObject({ active: true, aud: A })
    expect((await introspect(server, apiB, token)).text).toBe('{"active":false}')
    expect((await userinfo(server, token)).status).toBe(401)
  })
})

describe('an authorization request', () => {
  test.each([
    'https://unknown.example/',
    `${A}#x`,
    '/a',
    'a',
    'https://a.example',
    'javascript:alert(1)',
    'a\0b',
  ])('for the resource %j is refused (TO-04, RFC 8707 §2)', async (resource) => {
    const url = authorizeUrl(web, pkce().challenge, { resource, scope: 'openid orders:read' })
    const answer = await createUserAgent(server).get(url)
    if (resource.includes('\0')) expect(answer.status).toBe(400)
    else expect(told(answer)).toMatchObject({ error: 'invalid_target', state: 'st4te', iss: server.issuer })
  })

  test('for two APIs lets the client have a token for each, one at a time (TO-04, RFC 8707 §2.2)', async () => {
    const { verifier, challenge } = pkce()
    const url = `${authorizeUrl(web, challenge, { ...offline, resource: A })}&resource=${encodeURIComponent(B)}`
    const { code = '' } = told(await walk(server, createUserAgent(server), url, person))
    const tokens = (await redeem(server, web, { code, verifier }, { resource: A })).json<Tokens>()
    const forB = (await refresh(server, web, tokens.refresh_token, { resource: B })).json<Tokens>()
    expect((await introspect(server, apiA, tokens.access_token)).json()).toMatchObject({
      active: true,
      aud: A,
    })
    expect((await introspect(server, apiB, forB.access_token)).json()).toMatchObject({ active: true, aud: B })
    expect((await introspect(server, apiA, forB.access_token)).text).toBe('{"active":false}')
  })
})
