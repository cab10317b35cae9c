import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, authorize, reach } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson, REDIRECT_URI } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, pkce, signIn, told, walk } from '../support/sign-in.ts'
import type { AuthorizeParams } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

const STATE = 'st/4te+ %26"ü'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let narrow: Awaited<ReturnType<typeof addClient>>
let person: Person
let signedIn: UserAgent
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  narrow = await addClient(server, { metadata: { scope: 'openid' } })
  person = await addPerson(server)
  signedIn = (await signIn(server, client, person)).agent
})
afterAll(() => server.stop())

/** What the client was told, having checked that it was told at its own address, with its state and our name. */
function refusal(answer: Answer, state: string | undefined = STATE): string | undefined {
  expect([302, 303]).toContain(answer.status)
  expect(answer.location).toMatch(/^https:\/\/rp\.example\/cb\?/)
  const { error, iss, state: returned, code, ...rest } = told(answer)
  expect({ iss, returned, code }).toEqual({ iss: server.issuer, returned: state, code: undefined })
  expect(Object.keys(rest).filter((name) => !['error_description', 'scope'].includes(name))).toEqual([])
  return error
}

describe('an error reaches the client at its registered address, with its state and the issuer', () => {
  test.each<[string, AuthorizeParams, string]>([
    ['a response type we do not have', { response_type: 'none' }, 'unsupported_response_type'],
    ['no response type', { response_type: undefined }, 'invalid_request'],
    ['a malformed scope', { scope: 'openid "' }, 'invalid_scope'],
    ['no code challenge', { code_challenge: undefined }, 'invalid_request'],
    ['a plain code challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a prompt we do not have', { prompt: 'dance' }, 'invalid_request'],
    ['none beside another prompt', { prompt: 'none login' }, 'invalid_request'],
    ['claims that are no JSON', { claims: '{' }, 'invalid_request'],
    ['claims that are no object', { claims: '[]' }, 'invalid_request'],
    ['a max_age that is no number', { max_age: 'soon' }, 'invalid_request'],
    ['a negative max_age', { max_age: '-1' }, 'invalid_request'],
    ['an id_token_hint that is none', { id_token_hint: 'x.y.z' }, 'invalid_request'],
    ['a request object', { request: 'e30.e30.' }, 'request_not_supported'],
    ['a request URI', { request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
    ['a registration', { registration: '{}' }, 'registration_not_supported'],
    ['a resource nobody knows', { resource: 'https://nowhere.example/' }, 'invalid_target'],
    ['a resource that is no URI', { resource: 'nowhere' }, 'invalid_target'],
    ['a resource with a fragment', { resource: 'https://api.example/#f' }, 'invalid_target'],
  ])('%s (AZ-05, AZ-06, RFC 6749 section 4.1.2.1, RFC 9207 section 2)', async (_what, params, error) => {
    for (const agent of [signedIn, createUserAgent(server)])
      expect(refusal(await authorize(agent, client, { state: STATE, ...params }))).toBe(error)
  })

  test('a scope the client is not registered for (AZ-05)', async () => {
    const answer = await authorize(signedIn, narrow, { state: STATE, scope: 'openid email' })
    expect(refusal(answer)).toBe('invalid_scope')
  })

  test('nobody is signed in and no page may be shown (AZ-05)', async () => {
    const answer = await askSilently(createUserAgent(server), client, { state: STATE })
    expect(refusal(answer)).toBe('login_required')
  })

  test('a denied consent, by a 303 from the form on (AZ-05, AZ-07)', async () => {
    const agent = signedIn.clone()
    const start = authorizeUrl(client, pkce().challenge, { state: STATE, scope: 'openid email' })
    const answer = await walk(server, agent, start, person, { consent: 'deny' })
    expect(refusal(answer)).toBe('access_denied')
  })

  test.each(['login', 'totp', 'consent'])(
    'a sign-in given up on the %s page (AZ-05, RFC 6749 section 4.1.2.1)',
    async (step) => {
      const params = { state: STATE, prompt: 'login consent' }
      const { agent, page } = await reach(server, client, person, step, { params })
      // Whoever stands at consent is signed in already: there, "no" is "deny".
      const { action, fields } = formOf(page, step === 'consent' ? /consent$/ : /abort$/)
      const answer = await agent.post(action, { ...fields, decision: step === 'consent' ? 'deny' : 'cancel' })
      expect(answer.status).toBe(303)
      expect(refusal(await agent.get(answer.location ?? ''))).toBe('access_denied')
      // What was given up is over: the same address does not give a code after all.
      const again = await agent.get(answer.location ?? '')
      expect(again.status).toBe(400)
      expect(again.location).toBeUndefined()
    },
  )

  test('without a state when none was sent (AZ-05, RFC 6749 section 4.1.2.1)', async () => {
    for (const state of [undefined, '']) {
      const answer = await authorize(signedIn, client, { state, scope: 'openid "' })
      expect(answer.location).not.toMatch(/[?&]state=/)
      expect(told(answer)['iss']).toBe(server.issuer)
    }
  })
})

test('a success names the issuer, byte for byte as the metadata do, and the metadata say that it does (AZ-06, RFC 9207 sections 2 and 3)', async () => {
  const metadata = (await server.ask('/.well-known/openid-configuration')).json()
  expect(metadata['authorization_response_iss_parameter_supported']).toBe(true)
  const answer = await askSilently(signedIn, client)
  expect(told(answer)).toMatchObject({ iss: metadata['issuer'], code: expect.any(String) })
  expect(answer.location).toContain(`iss=${encodeURIComponent(server.issuer)}`)
})

test('an error leaves what the redirect URI itself says (AZ-05, RFC 6749 section 3.1.2)', async () => {
  const uri = `${REDIRECT_URI}?tenant=a%20b&x=1`
  const withQuery = await addClient(server, { metadata: { redirect_uris: [uri] } })
  const answer = await authorize(signedIn, withQuery, { redirect_uri: uri, prompt: 'none login' })
  expect(told(answer)).toMatchObject({ tenant: 'a b', x: '1', error: 'invalid_request', state: 'st4te' })
})
