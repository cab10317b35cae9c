import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, authorize, claimsOf, reach } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, pkce, redeem, signIn, stepOf, told, tokensFor, walk } from '../support/sign-in.ts'
import type { AuthorizeParams, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let alice: Person
let bob: Person
let hintOfBob: string
let browserOfAlice: UserAgent
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  alice = await addPerson(server)
  bob = await addPerson(server)
  hintOfBob = (await tokensFor(server, client, bob)).id_token
  browserOfAlice = (await signIn(server, client, alice)).agent
})
afterAll(() => server.stop())

describe('a request for one user is never answered with another (AZ-19, OpenID Connect Core section 3.1.2.1)', () => {
  const ways: [string, () => AuthorizeParams][] = [
    ['id_token_hint', () => ({ id_token_hint: hintOfBob })],
    ['the claim sub', () => ({ claims: JSON.stringify({ id_token: { sub: { value: bob.id } } }) })],
  ]

  test.each(ways)('silently, by %s: login_required', async (_way, params) => {
    expect(told(await askSilently(browserOfAlice, client, params()))['error']).toBe('login_required')
  })

  test.each(ways)('with pages, by %s: someone else must sign in', async (_way, params) => {
    const answer = await authorize(browserOfAlice.clone(), client, params())
    expect(answer.location).toMatch(/^\/interaction\//)
  })

  test.each(ways)(
    'by %s, when the same one as before signs in again: login_required, not a circle',
    async (_way, params) => {
      const agent = browserOfAlice.clone()
      const answer = await walk(server, agent, authorizeUrl(client, pkce().challenge, params()), alice)
      expect(told(answer)).toMatchObject({ error: 'login_required', state: 'st4te', iss: server.issuer })
      browserOfAlice = agent
    },
  )

  test.each(ways)('by %s, when the right one signs in: a code for that one', async (_way, params) => {
    const { agent } = await signIn(server, client, alice)
    const session = await signIn(server, client, bob, params(), { agent })
    const { id_token: idToken } = (await redeem(server, client, session)).json<Tokens>()
    expect(claimsOf(idToken)['sub']).toBe(bob.id)
  })

  test('and a hint of the one signed in is content', async () => {
    const { agent, id_token: own } = await tokensFor(server, client, alice)
    expect(told(await askSilently(agent, client, { id_token_hint: own }))['code']).toBeDefined()
  })

  test('and a login_hint is only a word in the form: it neither picks a session nor skips the password', async () => {
    expect(told(await askSilently(browserOfAlice, client, { login_hint: bob.email }))['code']).toBeDefined()
    const params = { login_hint: bob.email, prompt: 'login' }
    const { page } = await reach(server, client, alice, 'login', { params, agent: browserOfAlice.clone() })
    expect(page.text).toContain(`value="${bob.email}"`)
    expect(stepOf(page)).toBe('login')
  })
})

describe('an id_token_hint proves nothing unless it is ours', () => {
  test.each<[string, () => string]>([
    ['unsigned', () => `${encode({ alg: 'none' })}.${payloadOf(hintOfBob)}.`],
    ['with another payload', () => changed(hintOfBob)],
    ['with a cut signature', () => hintOfBob.slice(0, -4)],
    ['empty of meaning', () => 'a.b.c'],
  ])('%s: invalid_request (AZ-19, KY-02)', async (_what, hint) => {
    const answer = await askSilently(browserOfAlice, client, { id_token_hint: hint() })
    expect(told(answer)['error']).toBe('invalid_request')
  })

  test('of another client: invalid_request (AZ-19, OpenID Connect Core section 3.1.3.7)', async () => {
    const other = await addClient(server, { firstParty: true })
    const answer = await askSilently(browserOfAlice, other, { id_token_hint: hintOfBob })
    expect(told(answer)['error']).toBe('invalid_request')
  })
})

describe('signing in as someone else in the same browser', () => {
  test('ends the session before: its cookie is dead, and so are its tokens (AZ-19, SE-02)', async () => {
    const first = await tokensFor(server, client, alice)
    const before = first.agent.clone()
    const session = await signIn(server, client, bob, { prompt: 'login' }, { agent: first.agent })
    expect(told(await askSilently(before, client))['error']).toBe('login_required')
    const userinfo = await server.ask('/userinfo', {
      headers: { authorization: `Bearer ${first.access_token}` },
    })
    expect(userinfo.status).toBe(401)
    const tokens = (await redeem(server, client, session)).json<Tokens>()
    expect(claimsOf(tokens.id_token)['sub']).toBe(bob.id)
  })

  test('by "use another account" leads to that one’s code (AZ-19)', async () => {
    const { agent } = await signIn(server, client, alice)
    const params = { prompt: 'select_account' }
    const { page, at } = await reach(server, client, alice, 'select-account', { params, agent })
    const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const chosen = await agent.post(`${at}/select-account`, { csrf, decision: 'another' })
    const answer = await walk(server, agent, chosen.location ?? '', bob)
    expect(told(answer)['code']).toBeDefined()
    const { pool } = server.database
    const { rows } = await pool.query<{ user_id: string }>(
      "SELECT user_id FROM tokens WHERE kind = 'AuthorizationCode' AND digest = sha256($1::bytea)",
      [told(answer)['code']],
    )
    expect(rows).toEqual([{ user_id: bob.id }])
  })
})

function encode(header: object): string {
  return Buffer.from(JSON.stringify(header)).toString('base64url')
}

function payloadOf(jwt: string): string {
  return jwt.split('.')[1] ?? ''
}

function changed(jwt: string): string {
  const [header = '', , signature = ''] = jwt.split('.')
  return [header, encode({ ...claimsOf(jwt), sub: alice.id }), signature].join('.')
}
