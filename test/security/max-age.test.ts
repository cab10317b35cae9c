import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { importTotp } from '../../src/users/index.ts'
import { askSilently, authorize, claimsOf, reach } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { redeem, signIn, stepOf, told, walk } from '../support/sign-in.ts'
import type { AuthorizeParams, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import type { UserAgent } from '../support/user-agent.ts'
import { authenticated } from '../support/sessions.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_TOTP_POLICY: 'optional' } })
  client = await addClient(server)
})
afterAll(() => server.stop())

async function authTime(person: Person, params: AuthorizeParams, agent?: UserAgent) {
  const session = await signIn(server, client, person, params, agent ? { agent } : {})
  const { id_token: idToken } = (await redeem(server, client, session)).json<Tokens>()
  return { agent: session.agent, authTime: Number(claimsOf(idToken)['auth_time']) }
}

const now = () => Math.floor(Date.now() / 1000)

describe('max_age', () => {
  test('asks for the password again when the sign-in is older, and then reports the new time (AZ-18, OpenID Connect Core section 3.1.2.1)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    await authenticated(server, person, { secondsAgo: 100 })
    const asked = await reach(server, client, person, 'login', { params: { max_age: '99' }, agent })
    expect(asked.page.status).toBe(200)
    const before = now()
    const fresh = await authTime(person, { max_age: '99' }, agent)
    expect(fresh.authTime).toBeGreaterThanOrEqual(before)
    expect(fresh.authTime).toBeLessThanOrEqual(now())
  })

  test('is content with a sign-in young enough, and reports its time, not that of the request (AZ-18, Core section 2)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    const at = await authenticated(server, person, { secondsAgo: 100 })
    const session = await authTime(person, { max_age: '3600', prompt: 'none' }, agent)
    expect(session.authTime).toBe(at)
  })

  test('is login_required in a silent request (AZ-18, AZ-17)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    await authenticated(server, person, { secondsAgo: 100 })
    expect(told(await askSilently(agent, client, { max_age: '99' }))['error']).toBe('login_required')
  })

  test('of 0 asks again however fresh the sign-in is (AZ-18)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    const answer = await walk(
      server,
      agent,
      (await authorize(agent, client, { max_age: '0' })).location ?? '',
      null,
    )
    expect(stepOf(answer)).toBe('login')
  })

  test('is not met by the second factor alone, where that is asked as well: the password comes first (AZ-18, AZ-20)', async () => {
    // Signed in by the password only: had it been now, the second factor alone would be asked.
    const person = await addPerson(server, { totp: false })
    const { agent } = await signIn(server, client, person)
    await authenticated(server, person, { secondsAgo: 100 })
    const params = { max_age: '99', acr_values: 'urn:cardea:acr:mfa' }
    const young = { ...params, max_age: '3600' }
    await reach(server, client, null, 'totp-enrol', { params: young, agent: agent.clone() })
    await reach(server, client, null, 'login', { params, agent })
    const before = now()
    const fresh = await authTime(person, params, agent)
    expect(fresh.authTime).toBeGreaterThanOrEqual(before)
    expect(person.totpSecret).not.toBeNull()
  })

  test('hears of a step-up by a code alone as what it is: a stronger sign-in, and not a younger one (AZ-18, RFC 9470 section 6)', async () => {
    const person = await addPerson(server, { totp: false })
    const { agent } = await signIn(server, client, person)
    const at = await authenticated(server, person, { secondsAgo: 100 })
    await server.database.prisma
      .$executeRaw`UPDATE sessions SET payload = jsonb_set(payload, '{factors,pwd}', to_jsonb(${at}::int)) WHERE user_id = ${person.id}::uuid`
    person.totpSecret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
    const { id: userId, totpSecret: secret } = person
    await server.database.transaction((tx) => importTotp({ tx, sealer: server.sealer }, { userId, secret }))
    const acr = { acr_values: 'urn:cardea:acr:mfa' }
    const { page } = await reach(server, client, null, 'totp', { params: acr, agent: agent.clone() })
    expect(stepOf(page)).toBe('totp')
    const session = await signIn(server, client, person, acr, { agent })
    const { id_token: idToken } = (await redeem(server, client, session)).json<Tokens>()
    expect(claimsOf(idToken)).toMatchObject({ acr: 'urn:cardea:acr:mfa', auth_time: at })
    // Nor for whoever asks next: with a sign-in this old, the password comes first.
    expect(told(await askSilently(agent, client, { max_age: '99' }))['error']).toBe('login_required')
    expect((await authTime(person, { max_age: '3600', prompt: 'none' }, agent)).authTime).toBe(at)
  })

  test('is held against a sign-in that takes its time at the consent page as well: nobody is sent in circles (AZ-18)', async () => {
    const person = await addPerson(server)
    const params = { max_age: '1', prompt: 'login consent' }
    const { agent, at } = await reach(server, client, person, 'consent', { params })
    await sleep(2500)
    const answer = await walk(server, agent, at, person)
    expect(told(answer)['code']).toBeDefined()
  })

  test('can be the default of a client (AZ-18)', async () => {
    const strict = await addClient(server, { metadata: { default_max_age: 99, require_auth_time: true } })
    const person = await addPerson(server)
    const { agent } = await signIn(server, strict, person)
    expect(told(await askSilently(agent, strict))['code']).toBeDefined()
    await authenticated(server, person, { secondsAgo: 100 })
    expect(told(await askSilently(agent, strict))['error']).toBe('login_required')
  })
})

describe('prompt=login', () => {
  test('asks for the password again and reports the new time (AZ-18, OpenID Connect Core section 3.1.2.1)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    const old = await authenticated(server, person, { secondsAgo: 100 })
    const { page } = await reach(server, client, person, 'login', { params: { prompt: 'login' }, agent })
    expect(stepOf(page)).toBe('login')
    const again = await authTime(person, { prompt: 'login' }, agent)
    expect(again.authTime).toBeGreaterThan(old + 90)
  })

  test('is not answered by going back to the resume address without the password (AZ-18, MF-06)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    const { uid } = await reach(server, client, person, 'login', { params: { prompt: 'login' }, agent })
    const resumed = await agent.get(`/authorize/${uid}`)
    expect(resumed.location ?? '').not.toContain('code=')
    const page = await walk(server, agent, resumed.location ?? '', null)
    expect(stepOf(page)).toBe('login')
  })
})
