import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { revoke } from '../../src/oidc/index.ts'
import { generateRecoveryCodes, setDisabled } from '../../src/users/index.ts'
import { askSilently, authorize, reach } from '../support/authorize.ts'
import type { AtStep } from '../support/authorize.ts'
import { basic, bearer } from '../support/http-client.ts'
import { addApi, addClient, addPerson, codeOf, publicClient, REDIRECT_URI } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, isActive, redeem, refresh, signIn, stepOf, told, walk } from '../support/sign-in.ts'
import type { SignedIn, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { Instance, TestServer } from '../support/server.ts'
import { formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

type App = Awaited<ReturnType<typeof addClient>>
const API = 'https://api.example/'

let server: TestServer
let client: App
let own: App
let mobile: App
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server)
  own = await addClient(server, { firstParty: true })
  mobile = await addClient(server, { firstParty: true, metadata: publicClient })
  await addApi(server)
})
afterAll(() => server.stop())

/** Everything a person can have in hand, or half in hand, at the moment they are disabled. */
type Artefacts = {
  person: Person
  agent: UserAgent
  code: SignedIn
  bound: Tokens
  offline: Tokens
  rotating: Tokens
  forApi: Tokens
  totp: AtStep
  recovery: AtStep & { code: string }
  consent: AtStep
}

async function prepare(): Promise<Artefacts> {
  const person = await addPerson(server)
  const recoveryCodes = await generateRecoveryCodes(server.database.prisma, person.id)
  const offlineParams = { scope: 'openid offline_access', prompt: 'consent' }
  const withOffline = await signIn(server, client, person, offlineParams)
  const offline = (await redeem(server, client, withOffline)).json<Tokens>()
  const { agent } = withOffline
  const silent = (app: App, params = {}) =>
    signIn(server, app, person, { prompt: 'none', ...params }, { agent })
  const bound = (await redeem(server, own, await silent(own))).json<Tokens>()
  const rotating = (await redeem(server, mobile, await silent(mobile))).json<Tokens>()
  const apiParams = { scope: 'openid orders:read', resource: API }
  const { code, verifier } = await silent(own, apiParams)
  const apiForm = {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: REDIRECT_URI,
  }
  const forApi = (await askToken(server, own, { ...apiForm, resource: API })).json<Tokens>()
  return {
    person,
    agent,
    code: await silent(client),
    ...{ bound, offline, rotating, forApi },
    totp: await reach(server, own, person, 'totp'),
    recovery: { ...(await reach(server, own, person, 'totp')), code: recoveryCodes[0] ?? '' },
    consent: await reach(server, client, person, 'consent', { params: { prompt: 'login consent' } }),
  }
}

/** As "disable user" is composed: the flag and the revocation in one transaction. */
function disable({ id }: Person): Promise<unknown> {
  return server.database.transaction(async (tx) => {
    await setDisabled(tx, id, true)
    await revoke(tx, { userId: id }, { reason: 'user_disabled' })
  })
}

function instances(): [Instance, Instance] {
  const [first, second] = server.instances
  if (!first || !second) throw new Error('two instances were asked for')
  return [first, second]
}

/** What is behind each door: empty when all of them are closed. */
async function openDoors(has: Artefacts, instance: Instance): Promise<string[]> {
  const open: string[] = []
  const door = (name: string, isOpen: boolean) => {
    if (isOpen) open.push(name)
  }
  const silent = told(await askSilently(has.agent.clone(), own))
  door(`silent sign-in: ${silent['error']}`, silent['error'] !== 'login_required')
  const page = await authorize(has.agent.clone(), own)
  door(`sign-in: ${page.location}`, !page.location?.startsWith('/interaction/'))
  const redeemed = await redeem(instance, client, has.code)
  door(`code: ${redeemed.status} ${redeemed.text}`, !isInvalidGrant(redeemed))
  for (const [name, app, tokens] of [
    ['session-bound', own, has.bound],
    ['offline', client, has.offline],
    ['rotating', mobile, has.rotating],
    ['for an API', own, has.forApi],
  ] as const) {
    const refreshed = await refresh(instance, app, tokens.refresh_token)
    door(`refresh ${name}: ${refreshed.status} ${refreshed.text}`, !isInvalidGrant(refreshed))
    if (name !== 'for an API') {
      const { status } = await instance.ask('/userinfo', { headers: bearer(tokens.access_token) })
      door(`userinfo ${name}: ${status}`, status !== 401)
    }
    if (name === 'rotating') continue
    for (const token of [tokens.access_token, tokens.refresh_token])
      door(`introspection ${name}`, await isActive(instance, app, token))
  }
  return open
}

function isInvalidGrant(answer: { status: number; json(): Record<string, unknown> }): boolean {
  return answer.status === 400 && answer.json()['error'] === 'invalid_grant'
}

const ways: [string, (person: Person) => Promise<unknown>][] = [
  ['by the flag alone', ({ id }) => setDisabled(server.database.prisma, id, true)],
  ['and revoked', disable],
]

describe.each(ways)('a user who is disabled %s', (_way, end) => {
  let has: Artefacts
  beforeAll(async () => {
    has = await prepare()
    for (const tokens of [has.bound, has.offline])
      expect((await server.ask('/userinfo', { headers: bearer(tokens.access_token) })).status).toBe(200)
    await end(has.person)
  })

  test('is refused at every door, on both instances: silent sign-in, code, refresh, userinfo, introspection (DI-01, ASVS 7.4.2, CVE-2026-43983)', async () => {
    for (const instance of instances()) expect(await openDoors(has, instance)).toEqual([])
  })

  test('cannot sign in, in the words of a wrong password (DI-01, TH-04)', async () => {
    const login = await reach(server, own, null, 'login')
    const ask = async (email: string, password: string) => {
      const form = { ...formOf(login.page).fields, email, password }
      const { status, text } = await login.agent.post(`${login.at}/login`, form)
      const page = text.replaceAll(/(&quot;challenge&quot;:&quot;)[\w-]+/g, '$1CHALLENGE')
      return { status, text: page.replaceAll(email, 'EMAIL') }
    }
    const disabled = await ask(has.person.email, has.person.password)
    expect(disabled.status).toBe(422)
    expect(disabled).toEqual(await ask('nobody@example.com', 'wrong'))
  })

  test('cannot finish a sign-in whose password was right before (DI-01)', async () => {
    const attempts = [
      { ...has.totp, form: 'totp', code: await codeOf(server, has.person) },
      { ...has.recovery, form: 'recovery-code' },
    ]
    for (const { agent, at, uid, page, form, code } of attempts) {
      const { csrf = '' } = formOf(page, /totp$/).fields
      await agent.post(`${at}/${form}`, { csrf, code })
      const next = await walk(server, agent, at, null)
      // Back at the start; or, where the revocation ended the sign-in itself, at a dead end.
      expect(['login', null]).toContain(stepOf(next))
      expect((await agent.get(`/authorize/${uid}`)).location ?? '').not.toContain('code=')
      expect(told(await askSilently(agent, own))['error']).toBe('login_required')
    }
  })

  test('cannot finish a sign-in that waits for consent only (DI-01)', async () => {
    const { agent, at, page } = has.consent
    const form = { ...formOf(page, /consent$/).fields, decision: 'allow', scope: 'openid' }
    const allowed = await agent.post(`${at}/consent`, form)
    const end = allowed.location === undefined ? allowed : await walk(server, agent, allowed.location, null)
    expect(end.location ?? '').not.toContain('code=')
    expect(told(await askSilently(agent, client))['error']).toBe('login_required')
  })

  test('can still have tokens revoked and a browser signed out: nothing breaks (DI-01, RFC 7009 section 2.2)', async () => {
    const headers = basic(client.id, client.secret)
    const body = { token: has.offline.refresh_token }
    expect((await server.ask('/revoke', { body, headers })).status).toBe(200)
    const page = await has.agent.clone().get('/logout')
    expect(page.status).toBe(200)
  })

  test('brings no door down: nothing was answered with 5xx (DI-01)', () => {
    expect(server.log.filter((line) => /"level":50|"status":5\d\d/.test(line))).toEqual([])
  })
})

describe('a user who was disabled, and is enabled again', () => {
  test('finds everything from before dead for good, and signs in anew (SE-08, ASVS 7.4.2)', async () => {
    const has = await prepare()
    await disable(has.person)
    await setDisabled(server.database.prisma, has.person.id, false)
    for (const instance of instances()) expect(await openDoors(has, instance)).toEqual([])
    const again = await signIn(server, own, has.person)
    const tokens = (await redeem(server, own, again)).json<Tokens>()
    expect(await isActive(server, own, tokens.access_token)).toBe(true)
    for (const instance of instances()) expect(await openDoors(has, instance)).toEqual([])
  })

  test('leaves other people alone (SE-08)', async () => {
    const [gone, stays] = [await addPerson(server), await addPerson(server)]
    const theirs = (await redeem(server, own, await signIn(server, own, stays))).json<Tokens>()
    await signIn(server, own, gone)
    await disable(gone)
    expect(await isActive(server, own, theirs.access_token)).toBe(true)
    expect((await refresh(server, own, theirs.refresh_token)).status).toBe(200)
  })
})

test('disabling while codes and tokens are being issued leaves none of them alive (DI-01, FT-11)', async () => {
  for (let round = 0; round < 5; round += 1) {
    const person = await addPerson(server)
    const { agent } = await signIn(server, own, person)
    const codes = await Promise.all(
      Array.from({ length: 4 }, () =>
        signIn(server, own, person, { prompt: 'none' }, { agent: agent.clone() }),
      ),
    )
    const [, ...answers] = await Promise.all([
      disable(person),
      ...codes.map((code, nth) => redeem(instances()[nth % 2 === 0 ? 0 : 1], own, code)),
    ])
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
    await setDisabled(server.database.prisma, person.id, false)
    for (const answer of answers.filter(({ status }) => status === 200)) {
      const tokens = answer.json<Tokens>()
      expect(await isActive(server, own, tokens.access_token)).toBe(false)
      expect((await refresh(server, own, tokens.refresh_token)).json()['error']).toBe('invalid_grant')
    }
    expect(told(await askSilently(agent, own))['error']).toBe('login_required')
  }
})
