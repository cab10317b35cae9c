import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { keyPair } from '../support/assertion.ts'
import { basic } from '../support/http-client.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson, REDIRECT_URI } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { redeem, refresh, signIn } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  person = await addPerson(server)
})
afterAll(() => server.stop())

type Attempt = [string, (id: string) => { form?: string; headers?: Record<string, string> }]

/** How somebody without the secret might say who they are. */
const attempts: Attempt[] = [
  ['the client_id alone', (id) => ({ form: `client_id=${id}` })],
  ['an empty secret in the form', (id) => ({ form: `client_id=${id}&client_secret=` })],
  ['"null"', (id) => ({ form: `client_id=${id}&client_secret=null` })],
  ['"undefined"', (id) => ({ form: `client_id=${id}&client_secret=undefined` })],
  ['a wrong secret in the form', (id) => ({ form: `client_id=${id}&client_secret=wrong` })],
  ['an array for a secret', (id) => ({ form: `client_id=${id}&client_secret[]=` })],
  ['an empty secret in the header', (id) => ({ headers: basic(id, '') })],
  ['a wrong secret in the header', (id) => ({ headers: basic(id, 'wrong') })],
  ['a header without a colon', (id) => ({ headers: { authorization: `Basic ${btoa(id)}` } })],
  ['an empty assertion', (id) => ({ form: `client_id=${id}&client_assertion=` })],
]
const repeated: Attempt[] = [
  ['two secrets', (id) => ({ form: `client_id=${id}&client_secret=&client_secret=` })],
  ['two client_ids', (id) => ({ form: `client_id=${id}&client_id=${id}` })],
]

async function authenticateBy(clientId: string, method: string): Promise<void> {
  await server.database.pool.query(
    `UPDATE clients SET metadata = metadata || jsonb_build_object('token_endpoint_auth_method', $2::text) WHERE id = $1`,
    [clientId, method],
  )
}

/** A client with a code, a refresh token and an access token, all of them good. */
async function rich() {
  const { publicJwk } = await keyPair()
  const grants = ['authorization_code', 'refresh_token', 'client_credentials']
  const client = await addClient(server, { metadata: { grant_types: grants, jwks: { keys: [publicJwk] } } })
  const signedIn = await signIn(server, client, person)
  const tokens = (await redeem(server, client, signedIn)).json<Tokens>()
  const { agent } = signedIn
  const { code, verifier } = await signIn(server, client, person, {}, { agent })
  const redemption = { code, code_verifier: verifier, redirect_uri: REDIRECT_URI }
  const doors: [string, Record<string, string>][] = [
    ['/token', { grant_type: 'authorization_code', ...redemption }],
    ['/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }],
    ['/token', { grant_type: 'client_credentials' }],
    ['/introspect', { token: tokens.access_token }],
    ['/revoke', { token: tokens.refresh_token }],
  ]
  return { client, tokens, code: { code, verifier }, doors }
}

async function knock(
  attempt: Attempt[1],
  id: string,
  [path, form]: [string, Record<string, string>],
): Promise<Answer> {
  const { form: more = '', headers = {} } = attempt(id)
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return server.ask(path, {
    body: `${new URLSearchParams(form).toString()}&${more}`,
    headers: { ...type, ...headers },
  })
}

describe('a client', () => {
  // Its tokens were had with a secret; only then does it authenticate the way the test is about.
  test.each(['client_secret_basic', 'client_secret_post', 'private_key_jwt'])(
    'with %s is not let in without proof at any grant or endpoint, and nothing of its is used up (CA-04, CVE-2026-73309, CVE-2026-53512)',
    async (method) => {
      const { client, tokens, code, doors } = await rich()
      await authenticateBy(client.id, method)
      for (const door of doors) {
        for (const [name, attempt] of attempts) {
          const answer = await knock(attempt, client.id, door)
          const seen = [name, door[0], answer.status, answer.json()['error']]
          expect(seen).toEqual([name, door[0], 401, 'invalid_client'])
        }
        for (const [name, attempt] of repeated) {
          const answer = await knock(attempt, client.id, door)
          const seen = [name, door[0], answer.status, answer.json()['error']]
          expect(seen).toEqual([name, door[0], 400, 'invalid_request'])
        }
      }
      await authenticateBy(client.id, 'client_secret_basic')
      expect((await redeem(server, client, code)).status).toBe(200)
      expect((await refresh(server, client, tokens.refresh_token)).status).toBe(200)
    },
  )

  test('with a key is not let in with the secret it once had (CA-04)', async () => {
    const { client, doors } = await rich()
    await authenticateBy(client.id, 'private_key_jwt')
    for (const door of doors) {
      const answer = await knock((id) => ({ headers: basic(id, client.secret) }), client.id, door)
      expect([answer.status, answer.json()['error']]).toEqual([401, 'invalid_client'])
    }
  })
})

test('an empty code verifier does not redeem a code (CA-04, CO-06, CVE-2026-73309)', async () => {
  const client = await addClient(server)
  const signedIn = await signIn(server, client, person)
  for (const verifier of ['', 'null', ' '.repeat(43)]) {
    const answer = await redeem(server, client, signedIn, { code_verifier: verifier })
    expect(answer.status).toBe(400)
    expect(answer.json()['error']).toMatch(/^invalid_(grant|request)$/)
  }
  expect((await redeem(server, client, signedIn)).status).toBe(200)
})
