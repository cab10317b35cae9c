import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { basic } from '../support/http-client.ts'
import { addApi, addClient, addPerson, machineClient, publicClient, REDIRECT_URI } from '../support/people.ts'
import { askToken, redeem, signIn } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

type Client = Awaited<ReturnType<typeof addClient>>
let server: TestServer
let web: Client, machine: Client, spa: Client
beforeAll(async () => {
  server = await startTestServer()
  web = await addClient(server)
  machine = await addClient(server, { metadata: machineClient })
  spa = await addClient(server, { metadata: publicClient })
  await addApi(server)
})
afterAll(() => server.stop())

const verifier = 'x'.repeat(43)
const code = {
  grant_type: 'authorization_code',
  code: 'x',
  redirect_uri: REDIRECT_URI,
  code_verifier: verifier,
}

// RFC 6749 section 5.2, RFC 8707 section 2.
const cases: [string, () => Client, Record<string, string>, number, string][] = [
  ['no grant_type', () => web, {}, 400, 'invalid_request'],
  ['no code', () => web, { ...code, code: '' }, 400, 'invalid_request'],
  ['no redirect_uri', () => web, { ...code, redirect_uri: '' }, 400, 'invalid_request'],
  ['no refresh token', () => web, { grant_type: 'refresh_token' }, 400, 'invalid_request'],
  ['an unknown code', () => web, code, 400, 'invalid_grant'],
  [
    'an unknown refresh token',
    () => web,
    { grant_type: 'refresh_token', refresh_token: 'x' },
    400,
    'invalid_grant',
  ],
  ['an unknown code of a public client', () => spa, code, 400, 'invalid_grant'],
  [
    'the password grant',
    () => web,
    { grant_type: 'password', username: 'a', password: 'b' },
    400,
    'unsupported_grant_type',
  ],
  ['the implicit grant', () => web, { grant_type: 'implicit' }, 400, 'unsupported_grant_type'],
  [
    'token exchange',
    () => web,
    { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' },
    400,
    'unsupported_grant_type',
  ],
  [
    'the device grant of a client that is no device',
    () => web,
    { grant_type: 'urn:ietf:params:oauth:grant-type:device_code' },
    400,
    'unauthorized_client',
  ],
  [
    'a grant type in capitals',
    () => machine,
    { grant_type: 'CLIENT_CREDENTIALS' },
    400,
    'unsupported_grant_type',
  ],
  ['__proto__ as grant type', () => machine, { grant_type: '__proto__' }, 400, 'unsupported_grant_type'],
  ['constructor as grant type', () => machine, { grant_type: 'constructor' }, 400, 'unsupported_grant_type'],
  [
    'client_credentials of a web client',
    () => web,
    { grant_type: 'client_credentials' },
    400,
    'unauthorized_client',
  ],
  [
    'client_credentials of a public client',
    () => spa,
    { grant_type: 'client_credentials' },
    400,
    'unauthorized_client',
  ],
  ['a code of a machine', () => machine, code, 400, 'unauthorized_client'],
  [
    'a refresh token of a machine',
    () => machine,
    { grant_type: 'refresh_token', refresh_token: 'x' },
    400,
    'unauthorized_client',
  ],
  [
    'a foreign scope',
    () => machine,
    { grant_type: 'client_credentials', scope: 'openid' },
    400,
    'invalid_scope',
  ],
  [
    'a malformed scope',
    () => machine,
    { grant_type: 'client_credentials', scope: 'orders:read "' },
    400,
    'invalid_scope',
  ],
  [
    'an unknown resource',
    () => machine,
    { grant_type: 'client_credentials', resource: 'https://no.example/' },
    400,
    'invalid_target',
  ],
  [
    'a relative resource',
    () => machine,
    { grant_type: 'client_credentials', resource: '/api' },
    400,
    'invalid_target',
  ],
  [
    'a resource with a fragment',
    () => machine,
    { grant_type: 'client_credentials', resource: 'https://api.example/#x' },
    400,
    'invalid_target',
  ],
]

describe('the token endpoint', () => {
  test.each(cases)(
    'says of %s exactly what it is (TK-03, TK-06, RFC 6749 §5.2)',
    async (_, client, form, status, error) => {
      const answer = await askToken(server, client(), form)
      expect([answer.status, answer.json()]).toEqual([status, expect.objectContaining({ error })])
    },
  )

  test('says invalid_client of a client that is not there, and 401 (TK-03, RFC 6749 §5.2)', async () => {
    const answer = await server.ask('/token', { body: code, headers: basic('c_nobody', 'secret') })
    expect([answer.status, answer.json()['error']]).toEqual([401, 'invalid_client'])
  })

  test('refuses each repeated parameter, and ignores one it does not know (TK-03, RFC 6749 §3.2)', async () => {
    for (const name of ['grant_type', 'scope', 'client_id', 'code', 'refresh_token']) {
      const body = new URLSearchParams({ grant_type: 'client_credentials', foo: 'bar' })
      body.append(name, 'a')
      body.append(name, 'a')
      const answer = await server.ask('/token', { body, headers: basic(machine.id, machine.secret) })
      const isRelevant = !['code', 'refresh_token'].includes(name)
      expect([name, answer.status]).toEqual([name, isRelevant ? 400 : 200])
      if (isRelevant) expect(answer.json()['error']).toBe('invalid_request')
    }
  })

  test('gives a public client tokens for a code, and nothing for its own sake (TK-06, RFC 6749 §4.4)', async () => {
    const signedIn = await signIn(server, spa, await addPerson(server))
    expect((await redeem(server, spa, signedIn)).status).toBe(200)
    const withSecret = await server.ask('/token', {
      body: { grant_type: 'client_credentials', client_id: spa.id, client_secret: 'x' },
    })
    expect([withSecret.status, withSecret.json()['error']]).toEqual([401, 'invalid_client'])
  })
})
