import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, reach } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signIn, told, walk } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let victim: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TOTP_POLICY: 'optional' } })
  client = await addClient(server)
  victim = await addPerson(server)
})
afterAll(() => server.stop())

const sessionOf = (agent: UserAgent) => agent.cookies.find(({ name }) => name === 'cardea_session')?.value

async function whoIs(agent: UserAgent): Promise<string> {
  const answer = told(await askSilently(agent, client))
  return answer['error'] ?? 'signed in'
}

describe('a session cookie known to an attacker is worth nothing after the sign-in (SE-02, ASVS 7.2.4)', () => {
  test('when it was planted before: an anonymous session the attacker got from us', async () => {
    const attacker = createUserAgent(server)
    await attacker.get('/logout')
    const planted = sessionOf(attacker)
    expect(planted).toBeDefined()
    const browser = attacker.clone()
    await signIn(server, client, victim, {}, { agent: browser })
    expect(sessionOf(browser)).not.toBe(planted)
    expect(await whoIs(browser)).toBe('signed in')
    expect(await whoIs(attacker)).toBe('login_required')
  })

  test('when it was planted during the sign-in, on any of its pages', async () => {
    for (const step of ['login', 'totp', 'consent']) {
      const fresh = await addPerson(server)
      const { agent, at } = await reach(server, client, fresh, step)
      const attacker = createUserAgent(server)
      await attacker.get('/logout')
      const planted = sessionOf(attacker)
      expect(planted).toBeDefined()
      const others = agent.cookies.filter(({ name }) => name !== 'cardea_session')
      const own = attacker.clone().cookies.filter(({ name }) => name === 'cardea_session')
      agent.cookies.splice(0, Infinity, ...others, ...own)
      const answer = await walk(server, agent, at, fresh)
      // At consent the person is signed in already: with another session the sign-in cannot go on.
      if (step === 'consent') expect([answer.status, answer.location]).toEqual([400, undefined])
      else expect(told(answer)['code']).toBeDefined()
      expect(await whoIs(agent)).toBe(step === 'consent' ? 'login_required' : 'signed in')
      if (step !== 'consent') expect(sessionOf(agent)).not.toBe(planted)
      expect(await whoIs(attacker)).toBe('login_required')
    }
  })

  test('when it was stolen before the person proved themselves again', async () => {
    const { agent } = await signIn(server, client, victim)
    const thief = agent.clone()
    expect(await whoIs(thief)).toBe('signed in')
    await signIn(server, client, victim, { prompt: 'login' }, { agent })
    expect(await whoIs(agent)).toBe('signed in')
    expect(await whoIs(thief)).toBe('login_required')
  })

  test('when it was stolen before the person added the second factor', async () => {
    const weak = await addPerson(server, { totp: false })
    const { agent } = await signIn(server, client, weak)
    const thief = agent.clone()
    await signIn(server, client, weak, { acr_values: 'urn:cardea:acr:mfa' }, { agent })
    expect(await whoIs(agent)).toBe('signed in')
    expect(await whoIs(thief)).toBe('login_required')
    expect(told(await askSilently(agent, client, { acr_values: 'urn:cardea:acr:mfa' }))['code']).toBeDefined()
  })

  test('when it is the attacker’s own: the person who then signs in does not end up in it', async () => {
    const mallory = await addPerson(server)
    const { agent: attacker } = await signIn(server, client, mallory)
    const browser = attacker.clone()
    await signIn(server, client, victim, { prompt: 'login' }, { agent: browser })
    expect(await whoIs(browser)).toBe('signed in')
    expect(await whoIs(attacker)).toBe('login_required')
    const sessions = await server.database.prisma.session.findMany({
      where: { revokedAt: null, userId: mallory.id },
    })
    expect(sessions).toEqual([])
  })

  test('when it is made up: ids are ours to choose', async () => {
    const browser = createUserAgent(server)
    const made = 'A'.repeat(43)
    browser.cookies.push({ name: 'cardea_session', value: made, path: '/' })
    await signIn(server, client, victim, {}, { agent: browser })
    expect(sessionOf(browser)).not.toBe(made)
    const attacker = createUserAgent(server)
    attacker.cookies.push({ name: 'cardea_session', value: made, path: '/' })
    expect(await whoIs(attacker)).toBe('login_required')
  })
})
