import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { askSilently, claimsOf, reach } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import {
  authorizeUrl,
  isActive,
  pkce,
  redeem,
  signIn,
  stepOf,
  told,
  tokensFor,
  walk,
} from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let alice: Person
let bob: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TOTP_POLICY: 'optional' } })
  client = await addClient(server)
})
beforeEach(async () => {
  alice = await addPerson(server, { totp: false })
  bob = await addPerson(server, { totp: false })
})
afterAll(() => server.stop())

const chooser = { prompt: 'select_account' }
const signedIn = async (agent: UserAgent) => told(await askSilently(agent, client))['code'] !== undefined

/** Opens the chooser and takes one of its buttons; the page it leads to is answered as `person` would. */
async function choose(
  agent: UserAgent,
  decision: 'continue' | 'switch' | 'another',
  person: Person,
): Promise<string> {
  const { verifier, challenge } = pkce()
  const url = authorizeUrl(client, challenge, chooser)
  const page = await walk(server, agent, url, person, { stopAt: /^select-account$/ })
  const { action, fields } = formOf(page, /select-account$/)
  const chosen = await agent.post(action, { csrf: fields['csrf'] ?? '', email: person.email, decision })
  const answer = await walk(server, agent, chosen.location ?? '', person)
  const session = { agent, code: told(answer)['code'] ?? '', verifier }
  const { id_token: idToken } = (await redeem(server, client, session)).json<Tokens>()
  return String(claimsOf(idToken)['sub'])
}

/** Why sessions of somebody ended, as the audit has it. */
async function endsOf({ id: userId }: Person): Promise<unknown[]> {
  const { prisma } = server.database
  const sessions = await prisma.session.findMany({ where: { userId }, select: { uid: true } })
  const receipts = await prisma.auditEvent.findMany({
    where: { sessionUid: { in: sessions.map(({ uid }) => uid) }, type: 'access.revoked' },
    orderBy: { id: 'asc' },
  })
  return receipts.map(({ detail }) => (detail as { reason?: unknown }).reason)
}

/** Alice, then Bob beside her. */
async function both(): Promise<{ agent: UserAgent; first: Tokens; before: UserAgent }> {
  const first = await tokensFor(server, client, alice)
  const before = first.agent.clone()
  expect(await choose(first.agent, 'another', bob)).toBe(bob.id)
  return { agent: first.agent, first, before }
}

describe('several accounts in one browser', () => {
  test('one more account does not sign the first one out: its tokens work, and it can be chosen again without a password', async () => {
    const { agent, first } = await both()
    expect(await isActive(server, client, first.access_token)).toBe(true)
    expect(await choose(agent, 'switch', alice)).toBe(alice.id)
    expect(await choose(agent, 'switch', bob)).toBe(bob.id)
    expect(await choose(agent, 'continue', bob)).toBe(bob.id)
    expect(await isActive(server, client, first.access_token)).toBe(true)
  })

  test('the page shows each of them, the current one to continue and the others to switch to', async () => {
    const { agent } = await both()
    const { page } = await reach(server, client, bob, 'select-account', { params: chooser, agent })
    expect(page.text).toContain(alice.email)
    expect(page.text).toContain(bob.email)
    expect(page.text.match(/value="continue"/g)).toHaveLength(1)
    expect(page.text.match(/value="switch"/g)).toHaveLength(1)
  })

  test('with nobody current and others waiting, the chooser comes before the password', async () => {
    const { agent } = await both()
    const out = await agent.get('/logout')
    const { action, fields } = formOf(out)
    await agent.post(action, { ...fields, logout: 'yes' })
    expect(told(await askSilently(agent, client))['error']).toBe('login_required')
    const { page, at } = await reach(server, client, alice, 'select-account', { agent })
    expect(page.text).not.toContain(bob.email)
    const { fields: form } = formOf(page, /select-account$/)
    const chosen = await agent.post(`${at}/select-account`, {
      csrf: form['csrf'] ?? '',
      email: alice.email,
      decision: 'switch',
    })
    expect(told(await walk(server, agent, chosen.location ?? '', null))['code']).toBeDefined()
  })

  test('whoever signed in as the wrong one first can still go on as the one who waits, who stays signed in', async () => {
    const { agent, first } = await both()
    const carol = await addPerson(server, { totp: false })
    const { challenge } = pkce()
    const url = authorizeUrl(client, challenge, { id_token_hint: first.id_token })
    const decide = async (start: string, decision: string, as: Person) => {
      const page = await walk(server, agent, start, null)
      const { action, fields } = formOf(page, /select-account$/)
      const chosen = await agent.post(action, { csrf: fields['csrf'] ?? '', email: as.email, decision })
      return walk(server, agent, chosen.location ?? '', as, { stopAt: /^select-account$/ })
    }
    const { action } = formOf(await decide(url, 'another', carol), /select-account$/)
    const answer = await decide(action.replace(/\/select-account$/, ''), 'switch', alice)
    expect(told(answer)['code']).toBeDefined()
    expect(await signedIn(agent)).toBe(true)
  })

  test('an app that asks for one of them is offered that one alone, by hint and by claim, and a press on another is told why (AZ-19)', async () => {
    const { agent, first } = await both()
    const ways = [
      { id_token_hint: first.id_token },
      { claims: JSON.stringify({ id_token: { sub: { value: alice.id } } }) },
      { id_token_hint: first.id_token, prompt: 'select_account' },
    ]
    for (const params of ways) {
      const { page, at } = await reach(server, client, alice, 'select-account', { params, agent })
      expect(page.text).toContain(alice.email)
      expect(page.text).not.toContain(bob.email)
      expect(page.text).toContain('asks for a particular account')
      const csrf = formOf(page, /select-account$/).fields['csrf'] ?? ''
      const pressed = await agent.post(`${at}/select-account`, {
        csrf,
        email: bob.email,
        decision: 'continue',
      })
      expect([pressed.status, stepOf(pressed)]).toEqual([422, 'select-account'])
      expect(pressed.text).toMatch(/role="alert"[^]*asks for a particular account/)
    }
    const { page, at } = await reach(server, client, alice, 'select-account', {
      ...{ params: { id_token_hint: first.id_token }, agent },
    })
    const csrf = formOf(page, /select-account$/).fields['csrf'] ?? ''
    const form = { csrf, email: alice.email, decision: 'switch' }
    const chosen = await agent.post(`${at}/select-account`, form)
    expect(told(await walk(server, agent, chosen.location ?? '', null))['code']).toBeDefined()
  })

  test('an app that asks for none of them gets a sign-in beside them, and no account that leads back to the page (AZ-19)', async () => {
    const { agent, first } = await both()
    const carol = await addPerson(server, { totp: false })
    const { id_token: hint } = await tokensFor(server, client, carol)
    const another = async () => {
      const params = { id_token_hint: hint }
      const { page, at } = await reach(server, client, carol, 'select-account', { params, agent })
      expect(page.text).not.toContain(alice.email)
      expect(page.text).not.toContain(bob.email)
      const csrf = formOf(page, /select-account$/).fields['csrf'] ?? ''
      const form = { csrf, email: alice.email, decision: 'switch' }
      expect((await agent.post(`${at}/select-account`, form)).status).toBe(422)
      return agent.post(`${at}/select-account`, { csrf, decision: 'another' })
    }
    const dave = await addPerson(server, { totp: false })
    const unfit = await walk(server, agent, (await another()).location ?? '', dave)
    expect(told(unfit)['error']).toBe('login_required')
    expect(told(await walk(server, agent, (await another()).location ?? '', carol))['code']).toBeDefined()
    expect(await isActive(server, client, first.access_token)).toBe(true)
  })

  test('with nobody current, one can still sign in as yet another', async () => {
    const { agent } = await both()
    const { action, fields } = formOf(await agent.get('/logout'))
    await agent.post(action, { ...fields, logout: 'yes' })
    const { page, at } = await reach(server, client, alice, 'select-account', { agent })
    const csrf = formOf(page, /select-account$/).fields['csrf'] ?? ''
    const answer = await agent.post(`${at}/select-account`, { csrf, decision: 'another' })
    expect(stepOf(await agent.get(answer.location ?? ''))).toBe('login')
    const carol = await addPerson(server, { totp: false })
    expect(told(await walk(server, agent, at, carol))['code']).toBeDefined()
  })

  test('an account nobody signed in with here cannot be switched to, whatever the form says (SE-05)', async () => {
    const { agent } = await both()
    const stranger = await addPerson(server, { totp: false })
    const { page, at } = await reach(server, client, bob, 'select-account', { params: chooser, agent })
    const { fields } = formOf(page, /select-account$/)
    const answer = await agent.post(`${at}/select-account`, {
      csrf: fields['csrf'] ?? '',
      email: stranger.email,
      decision: 'switch',
    })
    expect([answer.status, answer.location]).toEqual([303, at])
    expect(stepOf(await agent.get(at))).toBe('select-account')
  })

  test('a forged or foreign cookie of waiting accounts holds nobody (SE-01)', async () => {
    const { agent } = await both()
    const parked = agent.cookies.find(({ name }) => name === 'cardea_parked')
    const thief = createUserAgent(server)
    thief.cookies.push({ name: 'cardea_parked', value: parked?.value ?? '', path: '/' })
    await expect(
      reach(server, client, alice, 'select-account', { params: chooser, agent: thief }),
    ).rejects.toThrow('expected select-account')
  })

  test('the session chosen gets a new cookie value, and the old one is dead (SE-02)', async () => {
    const { agent, before } = await both()
    expect(await signedIn(before)).toBe(true)
    await choose(agent, 'switch', alice)
    expect(await signedIn(agent)).toBe(true)
    expect(await signedIn(before)).toBe(false)
  })

  test('an account whose access was ended elsewhere is not offered any more (SE-07)', async () => {
    const { agent } = await both()
    await server.database.prisma.user.update({
      where: { id: alice.id },
      data: { tokensNotBefore: new Date() },
    })
    const { page } = await reach(server, client, bob, 'select-account', { params: chooser, agent })
    expect(page.text).not.toContain(alice.email)
  })

  test('without the chooser, signing in as someone else ends the session before (AZ-19)', async () => {
    const { agent } = await tokensFor(server, client, alice)
    const before = agent.clone()
    await signIn(server, client, bob, { prompt: 'login' }, { agent })
    expect(await signedIn(before)).toBe(false)
  })

  test('signing in anew as one who waits leaves one session of theirs', async () => {
    const { agent, first } = await both()
    expect(await choose(agent, 'another', alice)).toBe(alice.id)
    const { page } = await reach(server, client, alice, 'select-account', { params: chooser, agent })
    expect(page.text.match(/value="(continue|switch)"/g)).toHaveLength(2)
    expect(await isActive(server, client, first.access_token)).toBe(false)
    expect(await endsOf(alice)).toEqual(['signed_in_again'])
  })

  test('a browser holds five accounts; the one left longest ago ends for a sixth', async () => {
    const { agent, first } = await both()
    for (let more = 0; more < 4; more += 1)
      await choose(agent, 'another', await addPerson(server, { totp: false }))
    const { page } = await reach(server, client, bob, 'select-account', { params: chooser, agent })
    expect(page.text.match(/value="(continue|switch)"/g)).toHaveLength(5)
    expect(page.text).not.toContain(alice.email)
    expect(await isActive(server, client, first.access_token)).toBe(false)
    expect(await endsOf(alice)).toEqual(['too_many_accounts'])
  })
})

describe('the account pages of another account here', () => {
  /** From an account page to the chooser, by the link at its foot. */
  async function toChooser(agent: UserAgent) {
    const { text } = await agent.get('/account/apps')
    expect(text).toContain('href="/account/switch"')
    return walk(server, agent, '/account/switch', null, { stopAt: /^select-account$/ })
  }
  const decide = async (agent: UserAgent, decision: string, email: string) => {
    const { action, fields } = formOf(await toChooser(agent), /select-account$/)
    return agent.post(action, { csrf: fields['csrf'] ?? '', email, decision })
  }

  test('are reached without signing anybody out and without a password (SE-05)', async () => {
    const { agent, first } = await both()
    expect((await agent.get('/account')).text).toContain(bob.email)
    for (const person of [alice, bob]) {
      const chosen = await decide(agent, 'switch', person.email)
      const page = await walk(server, agent, chosen.location ?? '', null)
      expect([page.status, page.text.includes(person.email)]).toEqual([200, true])
      expect((await agent.get('/account/profile')).text).toContain(person.email)
    }
    expect(await isActive(server, client, first.access_token)).toBe(true)
  })

  test('can be those of one more, whose password is asked for', async () => {
    const { agent, first } = await both()
    const carol = await addPerson(server, { totp: false })
    const chosen = await decide(agent, 'another', carol.email)
    expect(stepOf(await agent.get(chosen.location ?? ''))).toBe('login')
    expect((await walk(server, agent, chosen.location ?? '', carol)).text).toContain(carol.email)
    expect(await isActive(server, client, first.access_token)).toBe(true)
  })

  test('leave everything as it is for who chooses to stay, or gives it up', async () => {
    const { agent } = await both()
    const stayed = await decide(agent, 'continue', bob.email)
    expect((await walk(server, agent, stayed.location ?? '', null)).text).toContain(bob.email)
    const { action, fields } = formOf(await toChooser(agent), /abort$/)
    const aborted = await agent.post(action, fields)
    const page = await walk(server, agent, aborted.location ?? '', null)
    expect([page.status, page.text.includes(bob.email)]).toEqual([200, true])
    expect(page.text).not.toContain('You did not confirm')
  })

  test('ask for a sign-in where nobody is signed in', async () => {
    const agent = createUserAgent(server)
    const login = await walk(server, agent, '/account/switch', null)
    expect(stepOf(login)).toBe('login')
    expect((await walk(server, agent, '/account/switch', alice)).text).toContain(alice.email)
  })
})

describe('signing out with several accounts', () => {
  test('ends the current one alone, unless all are meant; then every one of them is out (SE-09)', async () => {
    for (const accounts of ['one', 'all']) {
      const { agent, before, first } = await both()
      const bobs = agent.clone()
      const page = await agent.get('/logout')
      expect(page.text).toContain('value="all"')
      const { action, fields } = formOf(page)
      await agent.post(action, { ...fields, logout: 'yes', accounts })
      expect(await signedIn(bobs)).toBe(false)
      expect(await signedIn(before)).toBe(accounts === 'one')
      expect(await isActive(server, client, first.access_token)).toBe(accounts === 'one')
    }
  })

  test('is not done for anybody without the token of the page (SE-06)', async () => {
    const { agent, before } = await both()
    const { action } = formOf(await agent.get('/logout'))
    const answer = await agent.post(action, { xsrf: 'guessed', logout: 'yes', accounts: 'all' })
    expect(answer.status).toBe(400)
    expect(await signedIn(before)).toBe(true)
    expect(await signedIn(agent)).toBe(true)
  })
})
