import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addAssertionClient, askWith, keyPair, signAssertion } from '../../support/assertion.ts'
import { authorize, claimsOf } from '../../support/authorize.ts'
import { connect, DEVICE_GRANT, poll, startDevice } from '../../support/device.ts'
import { basic } from '../../support/http-client.ts'
import { addApi, addClient, addPerson, machineClient, publicClient } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import {
  askToken,
  authorizeUrl,
  pkce,
  redeem,
  refresh,
  signIn,
  tokensFor,
  told,
} from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { userinfo } from '../../support/tokens.ts'
import { createUserAgent } from '../../support/user-agent.ts'

type Metadata = Record<string, string | string[] | boolean>
const documents = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']
let server: TestServer
let metadata: Metadata
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  metadata = (await server.ask(documents[0] ?? '')).json<Metadata>()
  person = await addPerson(server)
  await addApi(server)
})
afterAll(() => server.stop())

const list = (name: string) => metadata[name] as string[]
const text = (name: string) => metadata[name] as string
const path = (name: string) => text(name).slice(server.issuer.length)
const endpoints = () => Object.keys(metadata).filter((name) => /_endpoint$|_uri$/.test(name))

describe('the metadata document', () => {
  test.each(documents)(
    'at %s is JSON, is the same document, and may be read from any origin (MD-01, RFC 8414 §3)',
    async (document) => {
      const answer = await server.ask(document, { headers: { origin: 'https://spa.example' } })
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
      expect(answer.headers['access-control-allow-origin']).toMatch(/^(\*|https:\/\/spa\.example)$/)
      expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
      expect(answer.json()).toEqual(metadata)
    },
  )

  test("names the issuer, and every address in it is the issuer's (MD-01, RFC 8414 §2, §6.2)", () => {
    expect(metadata['issuer']).toBe(server.issuer)
    expect(endpoints().toSorted()).toEqual([
      'authorization_endpoint',
      'device_authorization_endpoint',
      'end_session_endpoint',
      'global_token_revocation_endpoint',
      'introspection_endpoint',
      'jwks_uri',
      'revocation_endpoint',
      'token_endpoint',
      'userinfo_endpoint',
    ])
    for (const name of endpoints()) expect(text(name).startsWith(`${server.issuer}/`)).toBe(true)
  })

  test.each([
    [{ host: 'evil.example' }, 421],
    [{ host: 'localhost' }, 421],
    [{ host: 'evil.example:80' }, 421],
    [{ host: '' }, 421],
    [{ 'x-forwarded-host': 'evil.example' }, 200],
    [{ 'x-forwarded-proto': 'gopher' }, 200],
    [{ 'x-forwarded-port': '666' }, 200],
    [{ 'x-forwarded-prefix': '/evil' }, 200],
    [{ forwarded: 'host=evil.example;proto=gopher' }, 200],
    [{ 'x-original-url': '/evil' }, 200],
  ])(
    'does not change with what a request says it was sent to: %j (MD-01, HT-01)',
    async (headers, status) => {
      for (const document of documents) {
        const answer = await server.ask(document, { headers })
        expect(answer.status).toBe(status)
        if (status === 200) expect(answer.json()).toEqual(metadata)
        else expect(answer.text).not.toMatch(/evil|gopher|666/)
      }
    },
  )

  test('says how clients authenticate at each endpoint that asks them to (MD-01, RFC 8414 §2)', () => {
    const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
    expect(list('token_endpoint_auth_methods_supported')).toEqual(['none', ...methods])
    expect(list('revocation_endpoint_auth_methods_supported')).toEqual(['none', ...methods])
    expect(list('introspection_endpoint_auth_methods_supported')).toEqual(methods)
    for (const endpoint of ['token', 'revocation', 'introspection'])
      expect(list(`${endpoint}_endpoint_auth_signing_alg_values_supported`)).toEqual([
        'RS256',
        'ES256',
        'EdDSA',
      ])
  })
})

describe('what the metadata promises works:', () => {
  test('every endpoint is there (MD-02)', async () => {
    for (const name of endpoints()) {
      const posts =
        /^(token|introspection|revocation|global_token_revocation|device_authorization)_endpoint$/.test(name)
      const answer = await server.ask(path(name), posts ? { body: {} } : {})
      expect([name, [200, 302, 303, 400, 401].includes(answer.status)]).toEqual([name, true])
    }
  })

  test('each grant type (MD-02)', async () => {
    expect(list('grant_types_supported').toSorted()).toEqual([
      'authorization_code',
      'client_credentials',
      'refresh_token',
      DEVICE_GRANT,
    ])
    const client = await addClient(server, { metadata: { grant_types: list('grant_types_supported') } })
    const tokens = await tokensFor(server, client, person)
    expect((await refresh(server, client, tokens.refresh_token)).status).toBe(200)
    expect((await askToken(server, client, { grant_type: 'client_credentials' })).status).toBe(200)
    expect(path('device_authorization_endpoint')).toBe('/device_authorization')
    const started = await startDevice(server, client)
    await connect(server, started, person)
    expect((await poll(server, client, started)).status).toBe(200)
  })

  test('each response type in each response mode, for a client registered for it (MD-02)', async () => {
    expect(list('response_types_supported')).toEqual(['code'])
    const modes = list('response_modes_supported')
    expect(modes.toSorted()).toEqual(['form_post', 'fragment', 'query'])
    const client = await addClient(server, { metadata: { response_modes: modes }, firstParty: true })
    const { agent } = await signIn(server, client, person)
    const answers = Object.fromEntries(
      await Promise.all(
        modes.map(
          async (mode) =>
            [mode, await authorize(agent, client, { response_mode: mode, prompt: 'none' })] as const,
        ),
      ),
    )
    expect(answers['query']?.location).toMatch(/^https:\/\/rp\.example\/cb\?code=/)
    expect(answers['fragment']?.location).toMatch(/^https:\/\/rp\.example\/cb#code=/)
    expect(answers['form_post']?.text).toMatch(
      /<form[^>]*action="https:\/\/rp\.example\/cb"[\s\S]*name="code"/,
    )
  })

  test('each way to authenticate, in each algorithm (MD-02)', async () => {
    for (const method of list('token_endpoint_auth_methods_supported').filter((name) =>
      name.startsWith('client_secret'),
    )) {
      const { id, secret } = await addClient(server, {
        metadata: { ...machineClient, token_endpoint_auth_method: method },
      })
      const form = { grant_type: 'client_credentials' }
      const asked =
        method === 'client_secret_basic'
          ? { body: form, headers: basic(id, secret) }
          : { body: { ...form, client_id: id, client_secret: secret } }
      expect((await server.ask('/token', asked)).status).toBe(200)
    }
    for (const alg of list('token_endpoint_auth_signing_alg_values_supported')) {
      const client = await addAssertionClient(server, {
        key: await keyPair(alg),
        token_endpoint_auth_signing_alg: alg,
      })
      expect((await askWith(server, await signAssertion(server, client))).status).toBe(200)
    }
    const spa = await addClient(server, { metadata: publicClient })
    expect((await redeem(server, spa, await signIn(server, spa, person))).status).toBe(200)
  })

  test('each ID token algorithm, with a published key for it (MD-02)', async () => {
    const { keys } = (await server.ask(path('jwks_uri'))).json<{ keys: { alg: string }[] }>()
    expect(keys.map(({ alg }) => alg).toSorted()).toEqual(
      list('id_token_signing_alg_values_supported').toSorted(),
    )
    for (const alg of list('id_token_signing_alg_values_supported')) {
      const client = await addClient(server, { metadata: { id_token_signed_response_alg: alg } })
      const { id_token: token } = await tokensFor(server, client, person)
      const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as {
        alg: string
      }
      expect(header.alg).toBe(alg)
    }
  })

  test('each scope and each claim (MD-02)', async () => {
    const client = await addClient(server)
    const scope = list('scopes_supported').join(' ')
    const wanted = Object.fromEntries(list('claims_supported').map((claim) => [claim, null]))
    const tokens = await tokensFor(server, client, person, {
      scope,
      prompt: 'consent',
      claims: JSON.stringify({ id_token: wanted }),
    })
    expect(tokens.scope.split(' ').toSorted()).toEqual(scope.split(' ').toSorted())
    expect(tokens).toHaveProperty('refresh_token')
    const told = { ...claimsOf(tokens.id_token), ...(await userinfo(server, tokens.access_token)).json() }
    for (const claim of list('claims_supported'))
      expect([claim, told[claim] !== undefined]).toEqual([claim, true])
  })

  test('each acr value can be asked for, and iss comes with each answer (MD-02, RFC 9207 §3)', async () => {
    expect(metadata['authorization_response_iss_parameter_supported']).toBe(true)
    const client = await addClient(server)
    for (const acr of list('acr_values_supported')) {
      const tokens = await tokensFor(server, client, person, { acr_values: acr })
      expect(list('acr_values_supported')).toContain(claimsOf(tokens.id_token)['acr'])
    }
    const answer = told(await authorize(createUserAgent(server), client, { prompt: 'none' }))
    expect(answer['iss']).toBe(metadata['issuer'])
  })

  test('PKCE with S256 (MD-02, CO-08)', () => {
    expect(metadata['code_challenge_methods_supported']).toEqual(['S256'])
  })
})

describe('what the metadata does not promise does not work:', () => {
  test.each([
    '/reg',
    '/connect/register',
    '/request',
    '/par',
    '/backchannel',
    '/session/end',
    '/auth',
    '/me',
    '/challenge',
    '/credential',
    '/nonce',
    '/.well-known/openid-credential-issuer',
    '/.well-known/openid-federation',
  ])('there is nothing at %s (MD-02)', async (address) => {
    for (const ask of [{}, { body: { client_id: 'x' } }])
      expect((await server.ask(address, ask)).status).toBe(404)
  })

  test('nobody registers a client at /register, where people make accounts (MD-02, RFC 7591 section 3)', async () => {
    const count = () => server.database.prisma.client.count()
    const before = await count()
    const json = JSON.stringify({ redirect_uris: ['https://rp.example/cb'], client_name: 'x' })
    const answer = await server.ask('/register', {
      ...{ method: 'POST', body: json, headers: { 'content-type': 'application/json' } },
    })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(await count()).toBe(before)
  })

  test.each([
    'token',
    'id_token',
    'code token',
    'code id_token',
    'id_token token',
    'code id_token token',
    'none',
    'device',
  ])('the response type %s (MD-02, AZ-10)', async (type) => {
    const answer = await authorize(createUserAgent(server), await addClient(server), { response_type: type })
    const params = new URL((answer.location ?? '').replace('#', '?')).searchParams
    expect(params.get('error')).toBe('unsupported_response_type')
    expect(params.has('code')).toBe(false)
  })

  test.each([
    'client_secret_jwt',
    'tls_client_auth',
    'self_signed_tls_client_auth',
    'attest_jwt_client_auth',
  ])('authentication by %s (MD-02)', async (method) => {
    const registering = addClient(server, {
      metadata: { ...machineClient, token_endpoint_auth_method: method },
    })
    await expect(registering).rejects.toThrow('token_endpoint_auth_method')
  })

  test('request objects, which it says are not read (MD-02, RFC 9101)', async () => {
    expect(metadata['request_uri_parameter_supported']).toBe(false)
    expect(metadata['request_parameter_supported'] ?? false).toBe(false)
    const client = await addClient(server)
    for (const [name, error] of [
      ['request', 'request_not_supported'],
      ['request_uri', 'request_uri_not_supported'],
    ] as const) {
      const url = authorizeUrl(client, pkce().challenge, { [name]: 'https://evil.example/x' })
      expect(told(await createUserAgent(server).get(url))).toMatchObject({ error })
    }
  })

  test('the plain PKCE method (MD-02, CO-06)', async () => {
    const answer = await authorize(createUserAgent(server), await addClient(server), {
      code_challenge_method: 'plain',
    })
    expect(told(answer)).toMatchObject({ error: 'invalid_request' })
  })

  test('signed userinfo: it is JSON for every client (MD-02)', async () => {
    expect(metadata).not.toHaveProperty('userinfo_signing_alg_values_supported')
    const registering = addClient(server, { metadata: { userinfo_signed_response_alg: 'RS256' } })
    await expect(registering).rejects.toThrow('userinfo_signed_response_alg')
    const { access_token: token } = (await tokensFor(server, await addClient(server), person)) as Tokens
    expect((await userinfo(server, token)).headers['content-type']).toBe('application/json; charset=utf-8')
  })
})
