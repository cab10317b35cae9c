import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, reach } from '../../support/authorize.ts'
import { addApi, addClient, addPerson, codeOf, publicClient, wrongCode } from '../../support/people.ts'
import { isActive, redeem, refresh, signIn, stepOf, told } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { createUserAgent, formOf } from '../../support/user-agent.ts'
import type { UserAgent } from '../../support/user-agent.ts'

const API = 'https://api.example/'

let server: TestServer
/** The same, where programs hop as well: each request of a client reaches the next instance. */
let hopping: TestServer
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  let turn = 0
  const next = () => server.instances[(turn += 1) % 2]
  hopping = { ...server, ask: (path, asked) => (next() ?? server).ask(path, asked) }
})
afterAll(() => server.stop())

const each = () =>
  server.instances.map((instance): TestServer => ({ ...server, ask: (...asked) => instance.ask(...asked) }))

describe('two instances behind a balancer without stickiness (FT-07)', () => {
  test('have one and the same metadata and keys', async () => {
    for (const path of ['/.well-known/openid-configuration', '/jwks']) {
      const [one, other] = await Promise.all(each().map((instance) => instance.ask(path)))
      expect(one?.text).toBe(other?.text)
    }
  })

  test('carry a whole life: enrolment, an API of its own, refresh, silent renewal, logout', async () => {
    const app = await addClient(server, { metadata: publicClient })
    const apiClient = await addClient(server)
    await addApi(server, { identifier: API, clientId: apiClient.id })
    const newcomer = await addPerson(server, { totp: false })
    const scope = 'openid email orders:read'
    const signedIn = await signIn(hopping, app, newcomer, { scope, resource: API })
    const first = await redeem(hopping, app, signedIn, { resource: API })
    expect(first.status).toBe(200)
    const tokens = first.json<Tokens>()
    for (const instance of each()) expect(await isActive(instance, apiClient, tokens.access_token)).toBe(true)

    let { refresh_token } = tokens
    for (let round = 0; round < 6; round += 1) {
      const answer = await refresh(hopping, app, refresh_token, { resource: API })
      expect(answer.status).toBe(200)
      ;({ refresh_token } = answer.json<Tokens>())
    }
    for (let round = 0; round < 4; round += 1) {
      const { code } = told(await askSilently(signedIn.agent, app, { scope: 'openid email' }))
      expect(code).toBeDefined()
    }

    const page = await signedIn.agent.get('/logout')
    const { action, fields } = formOf(page)
    expect((await signedIn.agent.post(action, { ...fields, logout: 'yes' })).status).toBe(303)
    for (const instance of each()) {
      expect(await isActive(instance, apiClient, tokens.access_token)).toBe(false)
      expect((await refresh(instance, app, refresh_token)).json()).toMatchObject({ error: 'invalid_grant' })
    }
    for (let round = 0; round < 2; round += 1)
      expect(told(await askSilently(signedIn.agent, app))['error']).toBe('login_required')
  })

  test.each([
    [0, 1],
    [1, 0],
  ])('take each other’s forms, CSRF token included: shown by %i, answered by %i', async (shower, taker) => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    const { at, agent } = await reach(server, client, person, 'login')
    const [shown, taken] = [pinned(shower, agent.cookies), pinned(taker, agent.cookies)]
    const login = formOf(await shown.get(at), /\/login$/)
    const { email, password } = person
    expect((await taken.post(login.action, { ...login.fields, email, password })).status).toBe(303)
    const totp = formOf(await shown.get(at), /\/totp$/)
    const code = await codeOf(server, person)
    expect((await taken.post(totp.action, { ...totp.fields, code })).status).toBe(303)
    expect(stepOf(await shown.get(at))).toBe('recovery-codes')
  })

  test('count wrong passwords together: ten in all, then the right one waits on both (TH-02)', async () => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    const { agent, page } = await reach(server, client, person, 'login')
    const { action, fields } = formOf(page, /\/login$/)
    const send = (nth: number, password: string) =>
      pinned(nth % 2, agent.cookies).post(action, { ...fields, email: person.email, password })
    for (let nth = 0; nth < 10; nth += 1)
      expect((await send(nth, 'guess')).text).toContain('the password is not right')
    for (const nth of [0, 1]) {
      const answer = await send(nth, person.password)
      expect(answer.status).toBe(429)
      expect(answer.text).toContain('too many attempts')
    }
  })

  test('count wrong codes together: five in all, then the right one waits on both (MF-05)', async () => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    const { agent, page } = await reach(server, client, person, 'totp')
    const { action, fields } = formOf(page, /\/totp$/)
    const send = (nth: number, code: string) =>
      pinned(nth % 2, agent.cookies).post(action, { ...fields, code })
    for (let nth = 0; nth < 5; nth += 1)
      expect((await send(nth, wrongCode(await codeOf(server, person), nth))).text).toContain('not right')
    for (const nth of [0, 1])
      expect((await send(nth, await codeOf(server, person))).text).toContain('too many attempts')
  })
})

/** The same browser, when the balancer sends it to this instance only. */
function pinned(nth: number, cookies: UserAgent['cookies']): UserAgent {
  return createUserAgent({ issuer: server.issuer, instances: server.instances.slice(nth, nth + 1) }, cookies)
}
