import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, claimsOf } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, pkce, redeem, signIn, told } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let person: Person
let signedIn: UserAgent
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  person = await addPerson(server)
  signedIn = (await signIn(server, client, person)).agent
})
afterAll(() => server.stop())

const start = () => authorizeUrl(client, pkce().challenge, { prompt: 'none' })

describe('a parameter that stands twice', () => {
  test.each(['client_id', 'redirect_uri'])(
    'is refused with a page when it is %s, which says whom to answer (AZ-09, RFC 6749 section 3.1)',
    async (name) => {
      const value = new URLSearchParams(start().split('?')[1]).get(name) ?? ''
      for (const second of [value, 'other', '']) {
        const answer = await signedIn.get(`${start()}&${name}=${encodeURIComponent(second)}`)
        expect({ status: answer.status, location: answer.location }).toEqual({
          status: 400,
          location: undefined,
        })
      }
    },
  )

  test.each([
    'response_type',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'prompt',
    'response_mode',
    'max_age',
    'login_hint',
    'id_token_hint',
    'claims',
    'acr_values',
    'ui_locales',
  ])('is refused when it is %s: no code, neither value taken (AZ-09)', async (name) => {
    const answer = await signedIn.get(`${start()}&${name}=a&${name}=b`)
    expect(answer.status === 400 || told(answer)['error'] === 'invalid_request').toBe(true)
    expect(answer.location ?? '').not.toMatch(/[?&#]code=/)
  })

  test('is refused in a form as well (AZ-09, AZ-16)', async () => {
    const form = new URLSearchParams(start().split('?')[1])
    form.append('client_id', client.id)
    const posted = await signedIn.post('/authorize', form)
    const answer = posted.location === undefined ? posted : await signedIn.get(posted.location)
    expect({ status: answer.status, location: answer.location }).toEqual({ status: 400, location: undefined })
  })

  test('may be resource, which RFC 8707 section 2 lets stand as often as there are resources', async () => {
    const answer = await signedIn.get(`${start()}&resource=https://a.example/&resource=https://b.example/`)
    expect(told(answer)['error']).toBe('invalid_target')
  })
})

describe('a parameter nobody knows', () => {
  test.each([
    'foo=1',
    'foo=1&foo=2',
    '__proto__=1',
    'constructor=1',
    'client_id[]=x',
    'a[b]=c',
    '=',
    'Scope=email',
  ])('is ignored: %s (AZ-09, RFC 6749 section 3.1)', async (odd) => {
    expect(told(await signedIn.get(`${start()}&${odd}`))['code']).toBeDefined()
  })
})

describe('a parameter without a value', () => {
  test('is as good as absent: an empty state is not sent back (AZ-09, RFC 6749 section 3.1)', async () => {
    const answer = await askSilently(signedIn, client, { state: '' })
    expect(told(answer)['code']).toBeDefined()
    expect(answer.location).not.toMatch(/[?&]state/)
  })

  test('is as good as absent: an empty nonce is not in the ID token (AZ-09)', async () => {
    const params = { nonce: '', prompt: 'none', max_age: '', claims: '', acr_values: '', login_hint: '' }
    const session = await signIn(server, client, person, params, { agent: signedIn })
    const { id_token: idToken } = (await redeem(server, client, session)).json<Tokens>()
    expect(claimsOf(idToken)).not.toHaveProperty('nonce')
  })

  test('is as good as absent: an empty challenge is no challenge (AZ-09, CO-06)', async () => {
    const answer = await askSilently(signedIn, client, { code_challenge: '' })
    expect(told(answer)['error']).toBe('invalid_request')
  })
})
