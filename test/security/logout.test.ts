import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, authorize, reach } from '../support/authorize.ts'
import { bearer } from '../support/http-client.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { isActive, redeem, refresh, signIn, stepOf, told, tokensFor, walk } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

type App = Awaited<ReturnType<typeof addClient>>
const RETURN = 'https://rp.example/signed-out'

let server: TestServer
let client: App
let other: App
let person: Person
/** Signed in all the while: for what must not sign anybody out. */
let standing: Awaited<ReturnType<typeof tokensFor>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server)
  other = await addClient(server, { metadata: { post_logout_redirect_uris: ['https://other.example/out'] } })
  person = await addPerson(server)
  standing = await tokensFor(server, client, person)
})
afterAll(() => server.stop())

const isSignedIn = async (agent: UserAgent, app = client) =>
  told(await askSilently(agent, app))['code'] !== undefined

function logoutUrl(params: Record<string, string>): string {
  return `/logout?${new URLSearchParams(params).toString()}`
}

async function confirm(agent: UserAgent, page: Answer, decision: Record<string, string> = { logout: 'yes' }) {
  const { action, fields } = formOf(page)
  return agent.post(action, { ...fields, ...decision })
}

describe('asking to sign out', () => {
  test('signs nobody out: it asks, whoever sends the browser there (LO-01, ASVS 10.6.2, RP-Initiated Logout section 2)', async () => {
    const { agent, id_token: hint } = standing
    const urls = [
      '/logout',
      '/logout?logout=yes',
      logoutUrl({ id_token_hint: hint, post_logout_redirect_uri: RETURN, state: 'x' }),
      logoutUrl({ client_id: client.id, post_logout_redirect_uri: RETURN }),
      '/logout/success',
    ]
    for (const url of urls) {
      const answer = await agent.get(url, {
        headers: { referer: 'https://evil.example/', 'sec-fetch-site': 'cross-site' },
      })
      expect([answer.status, answer.location]).toEqual([200, undefined])
      expect(await isSignedIn(agent)).toBe(true)
    }
  })

  test('names the person and the app, and takes no for an answer (LO-01)', async () => {
    const { agent, id_token: hint } = await tokensFor(server, client, person)
    const page = await agent.get(logoutUrl({ id_token_hint: hint }))
    expect(page.text).toContain(person.email)
    expect(page.text).toContain('Test app')
    const stayed = await confirm(agent, await agent.get('/logout'), {})
    expect(stayed.status).toBe(303)
    expect(await isSignedIn(agent)).toBe(true)
  })

  test('in a browser that is not signed in goes on without a question (LO-01)', async () => {
    const agent = createUserAgent(server)
    const page = await agent.get(
      logoutUrl({ client_id: client.id, post_logout_redirect_uri: RETURN, state: 's' }),
    )
    const answer = await confirm(agent, page, {})
    expect(answer.location).toBe(`${RETURN}?state=s`)
  })
})

describe('the address after signing out', () => {
  test.each([
    'https://evil.example/',
    `${RETURN}/`,
    `${RETURN}?x=1`,
    `${RETURN}#x`,
    'https://rp.example/SIGNED-OUT',
    'https://rp.example/signed-out/../evil',
    'https://rp.example.evil.example/signed-out',
    'https://rp.example@evil.example/signed-out',
    'https://rp.example/cb',
    'https://other.example/out',
    'javascript:alert(1)',
    '//evil.example/',
  ])(
    'is refused with a page when it is not registered: %s (LO-01, RP-Initiated Logout section 3)',
    async (uri) => {
      const { agent, id_token: hint } = standing
      for (const who of [{ id_token_hint: hint }, { client_id: client.id }] as Record<string, string>[]) {
        const answer = await agent.get(logoutUrl({ ...who, post_logout_redirect_uri: uri }))
        expect([answer.status, answer.location]).toEqual([400, undefined])
      }
      expect(await isSignedIn(agent)).toBe(true)
    },
  )

  test('is our own page when nobody says which app it belongs to (LO-01)', async () => {
    const { agent } = await signIn(server, client, person)
    const page = await agent.get(logoutUrl({ post_logout_redirect_uri: RETURN, state: 'x' }))
    const answer = await confirm(agent, page)
    expect(answer.location).toBe(`${server.issuer}/logout/success`)
  })

  test('is the registered one, with the state byte for byte (LO-01)', async () => {
    const state = 'a+b c%20&d="<ü\r\n'
    const { agent, id_token: hint } = await tokensFor(server, client, person)
    const page = await agent.get(logoutUrl({ id_token_hint: hint, post_logout_redirect_uri: RETURN, state }))
    const answer = await confirm(agent, page)
    expect(answer.status).toBe(303)
    const target = new URL(answer.location ?? '')
    expect(`${target.origin}${target.pathname}`).toBe(RETURN)
    expect(Object.fromEntries(target.searchParams)).toEqual({ state })
  })

  test('cannot be changed on the way to the confirmation (LO-01)', async () => {
    const { agent, id_token: hint } = await tokensFor(server, client, person)
    const page = await agent.get(logoutUrl({ id_token_hint: hint, post_logout_redirect_uri: RETURN }))
    const evil = { logout: 'yes', post_logout_redirect_uri: 'https://evil.example/', client_id: other.id }
    expect((await confirm(agent, page, evil)).location).toBe(RETURN)
  })
})

describe('an id_token_hint at logout (LO-01, RP-Initiated Logout section 2)', () => {
  test.each<[string, (hint: string) => Record<string, string>]>([
    ['is no token', () => ({ id_token_hint: 'x' })],
    ['is unsigned', (hint) => ({ id_token_hint: unsigned(hint) })],
    ['has a cut signature', (hint) => ({ id_token_hint: hint.slice(0, -5) })],
    [
      'belongs to another client than the one named',
      (hint) => ({ id_token_hint: hint, client_id: other.id }),
    ],
  ])('that %s is refused with a page', async (_what, params) => {
    const { agent, id_token: hint } = standing
    const answer = await agent.get(logoutUrl({ ...params(hint), post_logout_redirect_uri: RETURN }))
    expect([answer.status, answer.location]).toEqual([400, undefined])
    expect(await isSignedIn(agent)).toBe(true)
  })

  test('beside an unknown client is refused with a page', async () => {
    const { agent } = standing
    const answer = await agent.get(logoutUrl({ client_id: 'nobody', post_logout_redirect_uri: RETURN }))
    expect([answer.status, answer.location]).toEqual([400, undefined])
  })
})

describe('once signed out (LO-02, ASVS 7.4.1)', () => {
  test('session, codes and tokens of every app are dead on every instance', async () => {
    const first = await tokensFor(server, client, person)
    const { agent } = first
    const second = (
      await redeem(server, other, await signIn(server, other, person, {}, { agent }))
    ).json<Tokens>()
    const pending = await signIn(server, client, person, { prompt: 'none' }, { agent })
    const before = agent.clone()
    expect((await confirm(agent, await agent.get('/logout'))).status).toBe(303)
    for (const instance of server.instances)
      for (const [app, tokens] of [
        [client, first],
        [other, second],
      ] as const) {
        expect(await isActive(instance, app, tokens.access_token)).toBe(false)
        expect(await isActive(instance, app, tokens.refresh_token)).toBe(false)
        expect((await instance.ask('/userinfo', { headers: bearer(tokens.access_token) })).status).toBe(401)
        expect((await refresh(instance, app, tokens.refresh_token)).json()['error']).toBe('invalid_grant')
        expect((await redeem(instance, client, pending)).json()['error']).toBe('invalid_grant')
      }
    for (const browser of [agent, before]) {
      expect(told(await askSilently(browser, client))['error']).toBe('login_required')
      const page = await walk(server, browser, (await authorize(browser, client)).location ?? '', null)
      expect(stepOf(page)).toBe('login')
    }
  })

  test.each(['open', 'answered'])(
    'a consent page that was %s meanwhile in another tab brings nothing back (LO-02, SE-09)',
    async (when) => {
      const { agent, page, at } = await reach(server, await addClient(server), person, 'consent')
      const allow = (browser: UserAgent) =>
        browser.post(`${at}/consent`, {
          ...formOf(page, /consent$/).fields,
          decision: 'allow',
          scope: 'openid',
        })
      const resume = when === 'answered' ? ((await allow(agent)).location ?? '') : undefined
      const tab = agent.clone()
      await confirm(tab, await tab.get('/logout'))
      for (const browser of [agent, createUserAgent(server, [...tab.cookies])]) {
        const answer = await (resume === undefined ? allow(browser) : browser.get(resume))
        expect([answer.status, answer.location]).toEqual([400, undefined])
        expect(told(await askSilently(browser, client))['error']).toBe('login_required')
      }
    },
  )

  test('other browsers of the same person stay signed in', async () => {
    const here = await tokensFor(server, client, person)
    const there = await tokensFor(server, client, person)
    await confirm(here.agent, await here.agent.get('/logout'))
    expect(await isSignedIn(there.agent)).toBe(true)
    expect(await isActive(server, client, there.access_token)).toBe(true)
  })

  test('it is written down whose session ended, and which app lost its grant', async () => {
    const fresh = await addPerson(server)
    const { agent } = await signIn(server, client, fresh)
    await confirm(agent, await agent.get('/logout'))
    const events = await server.database.prisma.auditEvent.findMany({
      where: { userId: fresh.id, type: { in: ['session.ended', 'grant.revoked'] } },
    })
    expect(events.map(({ type }) => type).toSorted()).toEqual(['grant.revoked', 'session.ended'])
    expect(events.find(({ type }) => type === 'grant.revoked')?.clientId).toBe(client.id)
    const [row] = await server.database.prisma.session.findMany({ where: { userId: fresh.id } })
    expect(row?.revokedAt).toBeInstanceOf(Date)
    // What was given in it stays known, so that whoever ends it for good finds what was allowed offline.
    expect(row?.payload).toEqual({ endedGrants: [expect.any(String)], knownAs: expect.any(Object) })
  })

  test('the confirmation sent again does nothing and breaks nothing', async () => {
    const { agent } = await signIn(server, client, person)
    const page = await agent.get('/logout')
    const tab = agent.clone()
    expect((await confirm(agent, page)).status).toBe(303)
    expect((await confirm(tab, page)).status).toBe(400)
  })

  test('the way back to the sign-in leads through the password again', async () => {
    const { agent } = await signIn(server, client, person)
    await confirm(agent, await agent.get('/logout'))
    const again = await signIn(server, client, person, {}, { agent })
    expect((await redeem(server, client, again)).status).toBe(200)
    expect(await isSignedIn(agent)).toBe(true)
  })
})

function unsigned(jwt: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
  return `${header}.${jwt.split('.')[1] ?? ''}.`
}
