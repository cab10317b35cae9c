import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addClient, addPerson, REDIRECT_URI } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, pkce, redeem, signIn, told, tokensFor, walk } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  person = await addPerson(server)
})
afterAll(() => server.stop())

// As a client's own page sends it: from another site.
const crossSite = { headers: { origin: 'https://rp.example', 'sec-fetch-site': 'cross-site' } }

function form(
  params: Record<string, string | undefined> = {},
  challenge = pkce().challenge,
): URLSearchParams {
  return new URLSearchParams(authorizeUrl(client, challenge, params).split('?')[1])
}

describe('an authorization request by POST', () => {
  test('is answered with 303 to the same request by GET, and signs the person in (AZ-16, OpenID Connect Core section 3.1.2.1)', async () => {
    const agent = createUserAgent(server)
    const { verifier, challenge } = pkce()
    const state = 'a+b c%20&d=ü'
    const posted = await agent.post('/authorize', form({ state }, challenge), crossSite)
    expect(posted.status).toBe(303)
    expect(posted.headers['cache-control']).toBe('no-store')
    expect(posted.location).toMatch(/^\/authorize\?/)
    const answer = await walk(server, agent, posted.location ?? '', person)
    expect(told(answer)).toMatchObject({ state, iss: server.issuer })
    const code = told(answer)['code'] ?? ''
    expect((await redeem(server, client, { code, verifier })).status).toBe(200)
  })

  test('of a browser that is signed in gives what GET gives (AZ-16)', async () => {
    const { agent } = await signIn(server, client, person)
    const posted = await agent.post('/authorize', form({ prompt: 'none' }), crossSite)
    expect(told(await agent.get(posted.location ?? ''))['code']).toBeDefined()
  })

  test('adds no way around the checks of GET (AZ-16, AZ-01, AZ-09)', async () => {
    const agent = createUserAgent(server)
    const twice = form()
    twice.append('redirect_uri', REDIRECT_URI)
    const inQuery = `/authorize?redirect_uri=${encodeURIComponent('https://evil.example/')}`
    const evil = form({ redirect_uri: 'https://evil.example/cb' })
    for (const body of [twice, evil]) {
      const posted = await agent.post('/authorize', body, crossSite)
      const answer = await agent.get(posted.location ?? '')
      expect({ status: answer.status, location: answer.location }).toEqual({
        status: 400,
        location: undefined,
      })
    }
    // What stands in the query of a POST is no parameter: the form alone counts (RFC 6749 section 3.1).
    const posted = await agent.post(inQuery, form(), crossSite)
    expect(posted.location).not.toContain('evil')
  })

  test.each<[string, string, string, number]>([
    ['JSON', 'application/json', '{"client_id":"x"}', 415],
    ['multipart', 'multipart/form-data; boundary=x', '--x--', 415],
    ['no type', '', 'client_id=x', 415],
    ['a header line in the form', 'application/x-www-form-urlencoded', 'a=b\r\nSet-Cookie: a=b', 400],
    ['raw bytes beyond ASCII', 'application/x-www-form-urlencoded', 'a=ü', 400],
    ['a fragment', 'application/x-www-form-urlencoded', 'a=b#c', 400],
    ['white space', 'application/x-www-form-urlencoded', 'a=b c', 400],
    ['more than an address may hold', 'application/x-www-form-urlencoded', `a=${'b'.repeat(13_000)}`, 413],
  ])('is refused with %s (AZ-16, HT-03, HT-06)', async (_what, type, body, status) => {
    const answer = await server.ask('/authorize', { method: 'POST', body, headers: { 'content-type': type } })
    expect({ status: answer.status, location: answer.location }).toEqual({ status, location: undefined })
    expect(answer.headers['set-cookie']).toBeUndefined()
  })
})

describe('a logout request by POST', () => {
  test('is answered with 303 to the same request by GET, which asks first (AZ-16, LO-01, RP-Initiated Logout section 2)', async () => {
    const { agent, id_token: hint } = await tokensFor(server, client, person)
    const posted = await agent.post('/logout', { id_token_hint: hint, state: 'x y' }, crossSite)
    expect(posted.status).toBe(303)
    expect(posted.location).toMatch(/^\/logout\?/)
    const page = await agent.get(posted.location ?? '')
    expect(page.status).toBe(200)
    expect(page.text).toContain('name="xsrf"')
  })
})
