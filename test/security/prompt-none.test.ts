import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, authorize } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addApi, addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, pkce, signIn, told, walk } from '../support/sign-in.ts'
import type { AuthorizeParams } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let person: Person
let signedIn: UserAgent
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  person = await addPerson(server)
  await addApi(server)
  signedIn = (await signIn(server, client, person)).agent
})
afterAll(() => server.stop())

/** What the client is told; never by a page, and without a sign-in begun on the quiet. */
function verdict(answer: Answer): string {
  expect(answer.location).toMatch(/^https:\/\/rp\.example\/cb\?/)
  expect(answer.headers['set-cookie']?.join('\n') ?? '').not.toMatch(/cardea_(interaction|resume)=/)
  const { error, code, state } = told(answer)
  expect(state).toBe('st4te')
  return error ?? (code === undefined ? 'nothing' : 'code')
}

describe('prompt=none shows no page (AZ-17, OpenID Connect Core sections 3.1.2.1 and 3.1.2.6)', () => {
  test('and gives a code where nothing is left to ask', async () => {
    expect(verdict(await askSilently(signedIn, client))).toBe('code')
  })

  test.each<[string, AuthorizeParams, string]>([
    ['a scope not yet decided', { scope: 'openid email' }, 'consent_required'],
    ['a claim not yet decided', { claims: '{"userinfo":{"email":null}}' }, 'consent_required'],
    [
      "an API's scope not yet decided",
      { scope: 'openid orders:read', resource: 'https://api.example/' },
      'consent_required',
    ],
    ['a sign-in more recent than this one', { max_age: '0' }, 'invalid_request|login_required'],
    ['a strength nobody can reach', { claims: acr(['urn:nobody']) }, 'login_required'],
    ['somebody else', { claims: '{"id_token":{"sub":{"value":"someone"}}}' }, 'login_required'],
  ])('but says what is missing: %s', async (_what, params, error) => {
    expect(verdict(await askSilently(signedIn, client, params))).toMatch(new RegExp(`^(${error})$`))
  })

  test('but says consent_required at a client this person never allowed', async () => {
    const other = await addClient(server)
    expect(verdict(await askSilently(signedIn, other))).toMatch(/^(consent_required|interaction_required)$/)
  })

  test('and needs no consent at one of our own apps, so that it works at the first visit', async () => {
    const own = await addClient(server, { firstParty: true })
    expect(verdict(await askSilently(signedIn, own, { scope: 'openid email' }))).toBe('code')
  })

  test('but says login_required without a cookie, with a made-up one, and with one whose signature is another’s', async () => {
    const [session, signature] = ['cardea_session', 'cardea_session.sig'].map(
      (name) => signedIn.cookies.find((cookie) => cookie.name === name)?.value ?? '',
    )
    const headers = [
      '',
      `cardea_session=${session}`,
      `cardea_session=${'a'.repeat(43)}; cardea_session.sig=${signature}`,
      `cardea_session=${session}; cardea_session.sig=${'a'.repeat(27)}`,
      `cardea_session=; cardea_session.sig=`,
      `cardea_session=${session}x; cardea_session.sig=${signature}`,
    ]
    for (const cookie of headers) {
      const answer = await server.ask(authorizeUrl(client, pkce().challenge, { prompt: 'none' }), {
        headers: { cookie },
      })
      expect({ cookie, verdict: verdict(answer) }).toEqual({ cookie, verdict: 'login_required' })
    }
  })

  test.each(['none login', 'login none', 'none consent', 'none select_account', 'none none login'])(
    'and is refused in company: prompt=%s is an invalid_request',
    async (prompt) => {
      expect(verdict(await authorize(signedIn, client, { prompt }))).toBe('invalid_request')
    },
  )

  test('and repeated with itself is still none', async () => {
    expect(verdict(await authorize(createUserAgent(server), client, { prompt: 'none none' }))).toBe(
      'login_required',
    )
  })

  test('after "no" gives what was allowed, not what was denied', async () => {
    const agent = signedIn.clone()
    const start = authorizeUrl(client, pkce().challenge, { scope: 'openid profile' })
    await walk(server, agent, start, person, { consent: 'deny' })
    expect(verdict(await askSilently(agent, client, { scope: 'openid profile' }))).toBe('consent_required')
  })
})

function acr(values: string[]): string {
  return JSON.stringify({ id_token: { acr: { essential: true, values } } })
}
