import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Context } from 'koa'
import { comeBack } from '../../src/account/signed-in/round-trip.ts'
import { mac } from '../../src/crypto/index.ts'
import { atAccount, csrfOf, later, send, signInAsked } from '../support/account.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authenticated } from '../support/sessions.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { authorizeUrl, pkce, told, walk } from '../support/sign-in.ts'
import { createUserAgent } from '../support/user-agent.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
})
afterAll(() => server.stop())

describe('the account pages', () => {
  test('send whoever is not signed in to sign in, with PKCE and a state, and back to the page that was asked for', async () => {
    const agent = createUserAgent(server)
    const asked = signInAsked(await agent.get('/account/sessions?x=1'))
    expect(asked?.get('code_challenge_method')).toBe('S256')
    expect(asked?.get('prompt')).toBeNull()
    const answer = await walk(server, agent, '/account/sessions?x=1', await addPerson(server))
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('<h1>Devices</h1>')
  })

  test('leave no token behind: the code that comes back is redeemed by nobody, and expires', async () => {
    const person = await addPerson(server)
    await atAccount(server, person)
    const tokens = await server.database.prisma.token.findMany({ where: { userId: person.id } })
    expect(tokens.map(({ kind }) => kind)).toEqual(['AuthorizationCode'])
    const lifetime = (tokens[0]?.expiresAt?.getTime() ?? Infinity) - Date.now()
    expect(lifetime).toBeLessThanOrEqual(60_000)
  })

  test('come back to pages of their own alone, whatever a state says (RFC 9700 section 4.11)', async () => {
    const person = await addPerson(server)
    const { agent } = await atAccount(server, person)
    const stranger = createUserAgent(server)
    const foreign = signInAsked(await stranger.get('/account/apps'))?.get('state') ?? ''
    const made = Buffer.from(JSON.stringify({ to: 'https://evil.example', at: Date.now() / 1000 }))
    const states = [
      foreign,
      '',
      'x',
      `${made.toString('base64url')}.${foreign.split('.')[1] ?? ''}`,
      '//evil.example',
    ]
    for (const state of states) {
      const answer = await agent.get(`/account/signed-in?code=x&state=${encodeURIComponent(state)}`)
      expect([answer.status, answer.location]).toEqual([303, '/account'])
    }
    expect((await stranger.get('/account/signed-in?code=x')).location).toBe('/account')
  })

  test('say so to somebody who gave the sign-in up, and lead nowhere in circles', async () => {
    const person = await addPerson(server)
    const nobody = createUserAgent(server)
    const ended = await nobody.get('/account/signed-in?error=access_denied')
    expect(ended.status).toBe(200)
    expect(ended.text).toContain('You are not signed in')
    const { agent } = await atAccount(server, person)
    const back = await agent.get('/account/signed-in?error=access_denied')
    expect(back.location).toBe('/account')
    expect((await agent.get('/account')).text).toContain('You did not confirm that it is you')
    expect((await agent.get('/account')).text).not.toContain('You did not confirm that it is you')
  })
})

describe('the state of a sign-in for the account pages, in an update', () => {
  test('holds nothing that the version before does not know', async () => {
    const person = await addPerson(server)
    const at = await atAccount(server, person)
    await later(server, at)
    const state = signInAsked(await at.agent.get('/account/delete'))?.get('state') ?? ''
    const content: unknown = JSON.parse(Buffer.from(state.split('.')[0] ?? '', 'base64url').toString())
    expect(content).toEqual({ to: '/account/delete', at: expect.any(Number) })
  })

  test('may hold more when a later version made it, and leads back all the same', () => {
    const [key, secret] = [randomBytes(32), 'a secret of the browser']
    const stated = (content: object) => {
      const encoded = Buffer.from(JSON.stringify(content)).toString('base64url')
      return `${encoded}.${mac(key, 'account-state', secret, encoded)}`
    }
    const ctx = {
      secure: true,
      cookies: { get: (name: string) => (name === '__Host-cardea_account' ? secret : undefined) },
    } as unknown as Context
    const back = (content: object) => comeBack({ keys: [key] }, ctx, stated(content))
    const left = { to: '/account/apps', at: Math.floor(Date.now() / 1000) }
    expect(back({ ...left, again: true })).toEqual({ to: '/account/apps' })
    expect(back({ at: left.at, page: '/account/apps' })).toBeNull()
  })
})

describe('a change that matters', () => {
  test('asks whoever holds a session of six minutes for every factor anew, and then shows the form (MF-07)', async () => {
    const person = await addPerson(server)
    const at = await atAccount(server, person)
    await later(server, at)
    const asked = signInAsked(await at.agent.get('/account/change-password'))
    expect([asked?.get('max_age'), asked?.get('prompt'), asked?.get('login_hint')]).toEqual([
      '300',
      'login',
      person.email,
    ])
    const answer = await walk(server, at.agent, '/account/change-password', person)
    expect(answer.text).toContain('<h1>Change your password</h1>')
  })

  test('sent with a sign-in that is too old by now comes back to its form, says that nothing was done, and does nothing', async () => {
    const person = await addPerson(server)
    const at = await atAccount(server, person, '/account/change-password')
    await later(server, at)
    const values = { current: person.password, password: 'a new and unrelated phrase', end_others: 'yes' }
    const sent = await send(at.agent, at.page, /change-password$/, values)
    expect(signInAsked(sent)).not.toBeNull()
    const back = await walk(server, at.agent, sent.location ?? '', person)
    expect(back.text).toContain('Your form was not sent yet')
    expect(back.text).toContain('<h1>Change your password</h1>')
    const again = await send(at.agent, back, /change-password$/, values)
    expect(again.location).toBe('/account/security')
  })

  test('wants the second factor lately too, where a fresh password alone is a level of its own (MF-07)', async () => {
    const CARDEA_ACR =
      'urn:cardea:acr:pwd=pwd; urn:example:acr:recent=pwd,300; urn:cardea:acr:mfa=pwd+otp|passkey,3600'
    const own = await startTestServer({ env: { CARDEA_ACR } })
    try {
      const person = await addPerson(own)
      const { agent } = await atAccount(own, person)
      const at = Math.floor(Date.now() / 1000) - 7200
      await own.database.prisma.$executeRaw`
        UPDATE sessions SET payload = payload || jsonb_build_object('loginTs', ${at}::int,
          'factors', jsonb_build_object('pwd', ${at}::int, 'otp', ${at}::int)) WHERE user_id = ${person.id}::uuid`
      const client = await addClient(own, { firstParty: true })
      const asked = authorizeUrl(client, pkce().challenge, { acr_values: 'urn:example:acr:recent' })
      const stepped = await walk(own, agent, asked, person, { stopAt: /^totp$/ })
      expect(told(stepped)['code']).toBeDefined()
      expect(signInAsked(await agent.get('/account/change-password'))?.get('prompt')).toBe('login')
    } finally {
      await own.stop()
    }
  })

  test('is not open to a stolen cookie: the second factor is asked for too, and guesses at it are limited (MF-07)', async () => {
    const person = await addPerson(server)
    const at = await atAccount(server, person)
    await later(server, at)
    const thief = at.agent.clone()
    const csrf = await csrfOf(thief)
    for (const path of ['/account/security/totp', '/account/security/recovery-codes', '/account/delete'])
      expect(signInAsked(await thief.post(path, { csrf, confirm: person.email }))).not.toBeNull()
    const statuses: string[] = []
    for (let guess = 0; guess < 12; guess += 1) {
      const page = await walk(server, thief, '/account/security/totp/x', null)
      const answer = await send(thief, page, /login$/, { email: person.email, password: `guess ${guess}` })
      statuses.push(/too many attempts/i.test(answer.text) ? 'throttled' : String(answer.status))
    }
    expect(statuses).toContain('throttled')
    expect(statuses).not.toContain('303')
  })

  test('needs the second factor of somebody who has one, however fresh a password alone is', async () => {
    const person = await addPerson(server)
    const at = await atAccount(server, person)
    await server.database.prisma
      .$executeRaw`UPDATE sessions SET payload = jsonb_set(payload, '{amr}', '["pwd"]') WHERE user_id = ${person.id}::uuid`
    expect(signInAsked(await at.agent.get('/account/delete'))?.get('prompt')).toBe('login')
    expect((await at.agent.get('/account/sessions')).status).toBe(200)
  })
})

describe('clocks that disagree', () => {
  const signedIn = async (person: Person, ahead: number) =>
    authenticated(server, person, { secondsAgo: -ahead })

  test.each([
    [50, 'is still fresh: clocks are never quite alike', true],
    [90, 'is not fresh: it was not yet', false],
    [100_000, 'is not fresh, however long one waits', false],
  ])('a sign-in %i seconds in the future %s (MF-07)', async (ahead, _what, isFresh) => {
    const person = await addPerson(server)
    const { agent } = await atAccount(server, person)
    await signedIn(person, ahead)
    const answer = await agent.get('/account/delete')
    expect([answer.status, signInAsked(answer) === null]).toEqual([isFresh ? 200 : 303, isFresh])
  })

  test.each([-400, 400])(
    'by %i seconds lead in no circle: one round, and then a page that says so',
    async (ahead) => {
      const person = await addPerson(server)
      const { agent } = await atAccount(server, person)
      await later(server, { person })
      const asked = await agent.get('/account/delete')
      expect(signInAsked(asked)?.get('prompt')).toBe('login')
      const back = await walk(server, agent, asked.location ?? '', person, { stopAt: /\/account\/delete$/ })
      expect(back.location).toBe('/account/delete')
      // As the instance wrote it whose clock is off.
      await signedIn(person, ahead)
      const told = await agent.get('/account/delete')
      expect([told.status, told.location, told.headers['retry-after']]).toEqual([503, undefined, '60'])
      expect(told.text).toContain('We cannot tell how long ago that was')
      // Said once; whoever tries again begins again.
      expect(signInAsked(await agent.get('/account/delete'))?.get('prompt')).toBe('login')
    },
  )

  test('lead in no circle at a button either, on a page that any sign-in may see', async () => {
    const person = await addPerson(server)
    const { agent } = await atAccount(server, person)
    await later(server, { person })
    const press = async () => agent.post('/account/sessions', { csrf: await csrfOf(agent) })
    const asked = await press()
    expect(signInAsked(asked)?.get('prompt')).toBe('login')
    await walk(server, agent, asked.location ?? '', person, { stopAt: /\/account\/sessions$/ })
    await signedIn(person, 400)
    expect((await agent.get('/account/sessions')).status).toBe(200)
    expect((await press()).status).toBe(503)
    expect(signInAsked(await press())?.get('prompt')).toBe('login')
  })

  test('are not what is told to somebody who came back fresh and lets that grow old', async () => {
    const person = await addPerson(server)
    const { agent } = await atAccount(server, person)
    await later(server, { person })
    const page = await walk(server, agent, '/account/delete', person)
    expect(page.status).toBe(200)
    await later(server, { person })
    expect(signInAsked(await agent.get('/account/delete'))?.get('prompt')).toBe('login')
  })

  test('between the instance that looks and the one that wrote count for nothing: the time is the database’s', async () => {
    const person = await addPerson(server)
    const { agent } = await atAccount(server, person)
    const real = Date.now
    try {
      for (const off of [-4000, 4000]) {
        Date.now = () => real() + off * 1000
        expect((await agent.get('/account/delete')).status).toBe(200)
      }
    } finally {
      Date.now = real
    }
  })
})

test('an address too long for any page leads back to the start of the account, and breaks nothing', async () => {
  const person = await addPerson(server)
  const agent = createUserAgent(server)
  const long = `/account/security/totp/${'x'.repeat(4500)}`
  const asked = await agent.get(long)
  expect(signInAsked(asked)?.get('state')?.length).toBeLessThan(500)
  expect((await walk(server, agent, long, person)).text).toContain('Hello, Pat Example')
  const csrf = await csrfOf(agent)
  await later(server, { person })
  const sent = await agent.post(`${long}/remove`, { csrf })
  expect(signInAsked(sent)?.get('state')?.length).toBeLessThan(500)
  const back = await walk(server, agent, sent.location ?? '', person)
  expect(back.text).toContain('Hello, Pat Example')
  const chosen = await agent.post('/language', { language: 'de', here: long })
  expect([chosen.status, chosen.location]).toEqual([303, '/account'])
})

describe('the session of the account pages', () => {
  test('slides when they are used, in the row and in the cookie, and never past its absolute end (SE-03)', async () => {
    const person = await addPerson(server)
    const { agent } = await atAccount(server, person)
    const { prisma } = server.database
    const sooner = new Date(Date.now() + 1000_000)
    await prisma.session.updateMany({ where: { userId: person.id }, data: { expiresAt: sooner } })
    const answer = await agent.get('/account')
    const row = await prisma.session.findFirst({ where: { userId: person.id } })
    expect(row?.expiresAt?.getTime()).toBeGreaterThan(sooner.getTime())
    expect(answer.headers['set-cookie']?.join()).toMatch(/cardea_session=[^;]+; path=\/; expires=/)
    await later(server, { person }, { secondsAgo: 86_000 })
    await prisma.session.updateMany({
      where: { userId: person.id },
      data: { expiresAt: new Date(Date.now() + 60_000) },
    })
    expect((await agent.get('/account')).status).toBe(200)
    const last = await prisma.session.findFirst({ where: { userId: person.id } })
    expect((last?.expiresAt?.getTime() ?? Infinity) - Date.now()).toBeLessThanOrEqual(401_000)
    await later(server, { person }, { secondsAgo: 86_500 })
    await prisma.session.updateMany({
      where: { userId: person.id },
      data: { expiresAt: new Date(Date.now() + 60_000) },
    })
    expect(signInAsked(await agent.get('/account'))).not.toBeNull()
  })

  test.each<[string, (userId: string) => Promise<unknown>]>([
    [
      'has expired',
      (userId) =>
        server.database.prisma.session.updateMany({ where: { userId }, data: { expiresAt: new Date(0) } }),
    ],
    [
      'was ended',
      (userId) =>
        server.database.prisma.session.updateMany({ where: { userId }, data: { revokedAt: new Date() } }),
    ],
    [
      'lies before a cut',
      (id) => server.database.prisma.user.update({ where: { id }, data: { tokensNotBefore: new Date() } }),
    ],
    [
      'is of a user who is disabled',
      (id) => server.database.prisma.user.update({ where: { id }, data: { disabledAt: new Date() } }),
    ],
    ['is of a user who is gone', (id) => server.database.prisma.user.delete({ where: { id } })],
  ])('is none any more once it %s', async (_how, end) => {
    const person = await addPerson(server)
    const { agent } = await atAccount(server, person)
    await end(person.id)
    expect(signInAsked(await agent.get('/account'))).not.toBeNull()
    expect(signInAsked(await agent.post('/account/sign-out', { csrf: 'x' }))).not.toBeNull()
  })

  test('is known by its signature: a cookie changed by one letter, or signed by nobody, is nobody (SE-04)', async () => {
    const person = await addPerson(server)
    const { agent } = await atAccount(server, person)
    for (const name of ['cardea_session', 'cardea_session.sig']) {
      const forged = agent.clone()
      const cookie = forged.cookies.find((one) => one.name === name)
      if (!cookie) throw new Error(name)
      cookie.value = `${cookie.value.slice(0, -2)}xx`
      expect(signInAsked(await forged.get('/account'))).not.toBeNull()
    }
  })

  test('remembers from which browser it began, and shows it escaped (XS-01)', async () => {
    const person = await addPerson(server)
    const agent = createUserAgent(server)
    const userAgent = `Mozilla/5.0 "><script>alert(1)</script><img src=x onerror=alert(1)> Firefox/140.0`
    const asIs = {
      ...agent,
      get: (path: string) => agent.get(path, { headers: { 'user-agent': userAgent } }),
    }
    const hostile = {
      ...asIs,
      post: (path: string, body: Record<string, string> | URLSearchParams) =>
        agent.post(path, body, { headers: { 'user-agent': userAgent } }),
    }
    const { page } = await atAccount(server, person, '/account/sessions', hostile)
    const row = await server.database.prisma.session.findFirst({ where: { userId: person.id } })
    expect([row?.userAgent, row?.ip]).toEqual([userAgent, '127.0.0.1'])
    expect(page.text).not.toContain('<script>alert')
    expect(page.text).not.toContain('<img src=x')
  })
})
