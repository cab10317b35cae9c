import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, reach } from '../support/authorize.ts'
import { bearer } from '../support/http-client.ts'
import { addApi, addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import {
  askToken,
  authorizeUrl,
  inputs,
  pkce,
  redeem,
  signIn,
  stepOf,
  told,
  walk,
} from '../support/sign-in.ts'
import type { AuthorizeParams, SignedIn, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

type App = Awaited<ReturnType<typeof addClient>>
const API = 'https://api.example/'

let server: TestServer
let client: App
let person: Person
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server, { name: 'Photo printer' })
  person = await addPerson(server)
  await addApi(server)
})
afterAll(() => server.stop())

async function tokensOf(session: SignedIn, app = client): Promise<Tokens> {
  const answer = await redeem(server, app, session)
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.json<Tokens>()
}

async function consentPage(agent: UserAgent, params: AuthorizeParams, app: App = client) {
  return reach(server, app, person, 'consent', { params, agent })
}

/** Answers a consent page with a form of our own making. */
async function decide(
  agent: UserAgent,
  { at, page }: { at: string; page: { text: string } },
  form: [string, string][],
) {
  const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  const answer = await agent.post(`${at}/consent`, new URLSearchParams([['csrf', csrf], ...form]))
  return walk(server, agent, answer.location ?? '', null)
}

describe('consent (AZ-21, OpenID Connect Core section 11, ASVS 10.7.1)', () => {
  test('is asked at the first visit, with the name of the app, where it leads, and every scope', async () => {
    const { page } = await consentPage((await signIn(server, await firstParty(), person)).agent, {
      scope: 'openid email profile',
    })
    expect(page.text).toContain('Photo printer')
    expect(page.text).toContain('rp.example')
    expect(page.text).toContain(person.email)
    expect(inputs(page, 'scope')).toEqual(expect.arrayContaining(['openid', 'email', 'profile']))
    expect(page.text).not.toContain('New</span>')
  })

  test('is not asked again for what was allowed, in no browser, nor for less', async () => {
    await signIn(server, client, person, { scope: 'openid profile' })
    const { agent } = await signIn(server, await firstParty(), person)
    for (const scope of ['openid profile', 'openid'])
      expect(told(await askSilently(agent, client, { scope }))['code']).toBeDefined()
  })

  test('is asked again when the scope grows, and says what is new', async () => {
    const { agent } = await signIn(server, client, person, { scope: 'openid profile' })
    expect(told(await askSilently(agent, client, { scope: 'openid profile email' }))['error']).toBe(
      'consent_required',
    )
    const { page } = await consentPage(agent, { scope: 'openid profile email' })
    expect(page.text).toContain('Photo printer')
    expect(page.text.match(/New<\/span>/g)).toHaveLength(1)
    expect(page.text).toMatch(/email address<\/bdi> <span[^>]*>New/)
  })

  test('is asked when a single claim is asked for by name, and when an API scope is', async () => {
    const { agent } = await signIn(server, client, person)
    for (const params of [
      { claims: '{"userinfo":{"email":null}}' },
      { claims: '{"id_token":{"email":{"essential":true}}}' },
      { scope: 'openid orders:write', resource: API },
    ]) {
      expect(told(await askSilently(agent, client, params))['error']).toBe('consent_required')
      expect(stepOf((await consentPage(agent, params)).page)).toBe('consent')
    }
  })

  test('given to one app is not given to another, nor by another person', async () => {
    const { agent } = await signIn(server, client, person, { scope: 'openid email' })
    const other = await addClient(server, { name: 'Other' })
    expect(told(await askSilently(agent, other, { scope: 'openid' }))['error']).toBe('consent_required')
    const stranger = await addPerson(server)
    const { agent: theirs } = await signIn(server, await firstParty(), stranger)
    expect(told(await askSilently(theirs, client))['error']).toBe('consent_required')
  })

  test('is asked each time the client wants it asked, and of every user of a native app (RFC 8252 section 8.6)', async () => {
    const native = await addClient(server, {
      metadata: { application_type: 'native', token_endpoint_auth_method: 'none' },
    })
    const { agent } = await signIn(server, native, person)
    expect(stepOf((await consentPage(agent, {}, native)).page)).toBe('consent')
    await signIn(server, client, person, {}, { agent })
    expect(stepOf((await consentPage(agent, { prompt: 'consent' })).page)).toBe('consent')
  })

  test('is asked once an app is no longer one of our own', async () => {
    const own = await firstParty()
    const { agent } = await signIn(server, own, person, { scope: 'openid email' })
    expect(told(await askSilently(agent, own, { scope: 'openid email profile' }))['code']).toBeDefined()
    await server.database.prisma.client.update({ where: { id: own.id }, data: { firstParty: false } })
    const fresh = await signIn(server, client, person)
    expect(told(await askSilently(fresh.agent, own, { scope: 'openid email' }))['error']).toBe(
      'consent_required',
    )
  })

  test('denied gives nothing, and is asked again the next time', async () => {
    const other = await addClient(server)
    const { agent } = await signIn(server, await firstParty(), person)
    const start = authorizeUrl(other, pkce().challenge, { scope: 'openid email' })
    const answer = await walk(server, agent, start, person, { consent: 'deny' })
    expect(told(answer)['error']).toBe('access_denied')
    expect(await server.database.prisma.consent.count({ where: { clientId: other.id } })).toBe(0)
    expect(await server.database.prisma.grant.count({ where: { clientId: other.id } })).toBe(0)
    expect(told(await askSilently(agent, other))['error']).toBe('consent_required')
  })
})

describe('a consent form grants what was asked and ticked, and nothing else (AZ-21, ASVS 10.7.2)', () => {
  test('what was unticked is not in the token, nor in userinfo', async () => {
    const app = await addClient(server)
    const params = { scope: 'openid profile email' }
    const session = await signIn(server, app, person, params, { ticked: ['openid', 'profile'] })
    const tokens = await tokensOf(session, app)
    expect(tokens.scope.split(' ').toSorted()).toEqual(['openid', 'profile'])
    const userinfo = await server.ask('/userinfo', { headers: bearer(tokens.access_token) })
    expect(userinfo.json()).toEqual(expect.not.objectContaining({ email: expect.anything() }))
  })

  test('what was not asked cannot be slipped in by the form', async () => {
    const app = await addClient(server)
    const { agent } = await signIn(server, await firstParty(), person)
    const begun = pkce()
    const page = await walk(
      server,
      agent,
      authorizeUrl(app, begun.challenge, { scope: 'openid profile' }),
      null,
    )
    const at = formOf(page, /consent$/).action.replace(/\/consent$/, '')
    const answer = await decide(agent, { at, page }, [
      ['decision', 'allow'],
      ['scope', 'openid'],
      ['scope', 'email'],
      ['scope', 'offline_access'],
      ['scope', 'admin'],
      ['resource_scope', `${API} orders:write`],
      ['grantId', 'x'],
    ])
    const code = told(answer)['code'] ?? ''
    const tokens = await tokensOf({ agent, code, verifier: begun.verifier }, app)
    expect(tokens.scope).toBe('openid')
    const stored = await server.database.prisma.consent.findFirstOrThrow({ where: { clientId: app.id } })
    expect(JSON.stringify(stored.decision)).not.toMatch(/email|offline|admin|orders/)
    const grant = await server.database.prisma.grant.findFirstOrThrow({ where: { clientId: app.id } })
    expect(JSON.stringify(grant.payload)).not.toMatch(/email|offline|admin|orders/)
  })

  test.each<[string, [string, string][]]>([
    ['no decision', [['scope', 'openid']]],
    [
      'an unknown decision',
      [
        ['decision', 'yes'],
        ['scope', 'openid'],
      ],
    ],
    [
      'an empty decision',
      [
        ['decision', ''],
        ['scope', 'openid'],
      ],
    ],
  ])('%s is no consent: the page is shown again', async (_what, form) => {
    const app = await addClient(server)
    const { agent } = await signIn(server, await firstParty(), person)
    const { page, at } = await consentPage(agent, {}, app)
    const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const answer = await agent.post(`${at}/consent`, new URLSearchParams([['csrf', csrf], ...form]))
    expect(answer.status).toBe(422)
    expect(stepOf(answer)).toBe('consent')
  })

  test('a required scope comes with "allow", an optional one of an API only when ticked', async () => {
    const app = await addClient(server)
    const params = { scope: 'openid orders:read orders:write', resource: API }
    const session = await signIn(server, app, person, params, { tickedResources: [] })
    const answer = await askToken(server, app, {
      grant_type: 'authorization_code',
      code: session.code,
      code_verifier: session.verifier,
      redirect_uri: 'https://rp.example/cb',
      resource: API,
    })
    expect(answer.json<Tokens>().scope.split(' ')).toEqual(['orders:write'])
  })
})

describe('offline access (AZ-21, OpenID Connect Core section 11)', () => {
  test('is not given without asking: without prompt=consent the scope is dropped', async () => {
    const session = await signIn(server, client, person, { scope: 'openid offline_access' })
    expect((await tokensOf(session)).scope.split(' ')).not.toContain('offline_access')
  })

  test('is named on the consent page, and given when allowed', async () => {
    const params = { scope: 'openid offline_access', prompt: 'consent' }
    const { agent } = await signIn(server, client, person)
    const { page } = await consentPage(agent, params)
    expect(page.text).toMatch(/Stay connected/)
    const session = await signIn(server, client, person, params, { agent })
    expect((await tokensOf(session)).scope.split(' ')).toContain('offline_access')
  })
})

/** One of our own apps: a way to have a session without any consent. */
async function firstParty(): Promise<App> {
  return addClient(server, { firstParty: true })
}
