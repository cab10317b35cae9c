import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { reach } from '../../support/authorize.ts'
import { basic, bearer } from '../../support/http-client.ts'
import type { Answer, Ask } from '../../support/http-client.ts'
import { addClient, addPerson, publicClient } from '../../support/people.ts'
import { isActive, redeem, refresh, signIn, tokensFor } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import type { TestServer } from '../../support/server.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'
import { formOf } from '../../support/user-agent.ts'
import { bugsIn, startBehindProxy } from './behind-proxy.ts'

let stop: () => Promise<void>
let proxy: TcpProxy
let server: TestServer
beforeAll(async () => {
  ;({ server, proxy, stop } = await startBehindProxy())
})
afterAll(() => stop())
afterEach(async () => {
  expect(bugsIn(server)).toEqual([])
  // The pool hears a moment later that a connection was cut; what prepares the next test must not be the one to find out.
  await sleep(50)
})

const isStatic = (path: string) => path.startsWith('/jwks') || path.startsWith('/.well-known/')

/** The server as seen by those who send everything twice: while the database is down, and when it is back. */
function whoseDatabaseRestarts(refused: string[]): TestServer {
  const ask = async (path: string, asked?: Ask): Promise<Answer> => {
    await proxy.close()
    const down = await server.ask(path, asked)
    if (!isStatic(path)) {
      expect(down).toMatchObject({ status: 503, location: undefined })
      expect(down.headers['retry-after']).toMatch(/^[1-9]/)
      expect(down.headers['set-cookie']).toBeUndefined()
      expect(down.text).not.toMatch(/invalid_grant|"active"|access_token|not right/)
      refused.push(path.split('?')[0] ?? '')
    }
    await proxy.open()
    return server.ask(path, asked)
  }
  return { ...server, ask, instances: server.instances.map((instance) => ({ ...instance, ask })) }
}

describe('a database that restarts between any two moments (FT-02)', () => {
  test('delays a sign-in and loses none of it: each request is a 503, and asked again goes on', async () => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    const refused: string[] = []
    const restarting = whoseDatabaseRestarts(refused)
    const signedIn = await signIn(restarting, client, person)
    const answer = await redeem(restarting, client, signedIn)
    expect(answer.status).toBe(200)
    const { access_token, refresh_token } = answer.json<Tokens>()
    expect((await restarting.ask('/userinfo', { headers: bearer(access_token) })).status).toBe(200)
    expect(await isActive(restarting, client, access_token)).toBe(true)
    expect((await refresh(restarting, client, refresh_token)).status).toBe(200)
    const uid = /\/interaction\/([^/]+)\/login/.exec(refused.join(' '))?.[1]
    expect(refused).toEqual(
      expect.arrayContaining([
        '/authorize',
        `/interaction/${uid}`,
        `/interaction/${uid}/login`,
        `/interaction/${uid}/totp`,
        `/authorize/${uid}`,
        expect.stringMatching(/^\/interaction\/[^/]+\/consent$/),
        '/token',
        '/userinfo',
        '/introspect',
      ]),
    )
  })

  test('delays first-time enrolment with its recovery codes too', async () => {
    const [client, person] = [await addClient(server), await addPerson(server, { totp: false })]
    const refused: string[] = []
    await signIn(whoseDatabaseRestarts(refused), client, person)
    expect(refused.join(' ')).toMatch(/\/totp-enrol .*\/recovery-codes /)
  })

  test('leaves revocation undone rather than unheard: 503, still active, then revoked (RV-03)', async () => {
    const client = await addClient(server)
    const { access_token } = await tokensFor(server, client, await addPerson(server))
    const asked = { body: { token: access_token }, headers: basic(client.id, client.secret) }
    await proxy.close()
    expect((await server.ask('/revoke', asked)).status).toBe(503)
    await proxy.open()
    expect(await isActive(server, client, access_token)).toBe(true)
    expect((await server.ask('/revoke', asked)).status).toBe(200)
    expect(await isActive(server, client, access_token)).toBe(false)
  })

  test('with its connections cut under running requests gives 503 or the answer, and the next try works', async () => {
    const client = await addClient(server, { metadata: publicClient })
    let { refresh_token } = await tokensFor(server, client, await addPerson(server))
    for (let round = 0; round < 30; round += 1) {
      const inFlight = refresh(server, client, refresh_token)
      await sleep(round / 4)
      proxy.cut()
      const first = await inFlight
      expect([200, 503]).toContain(first.status)
      const answer = first.status === 200 ? first : await refresh(server, client, refresh_token)
      expect(answer.status).toBe(200)
      refresh_token = answer.json<Tokens>().refresh_token
    }
  })

  test('just when a page looks something up gives 503 for that page, not a bug', async () => {
    const client = await addClient(server)
    const { agent } = await tokensFor(server, client, await addPerson(server))
    const sprung = proxy.cutAt('"users"', 'before')
    const [page] = await Promise.all([agent.get('/logout'), sprung])
    expect(page.status).toBe(503)
    expect(page.headers['retry-after']).toMatch(/^[1-9]/)
    expect((await agent.get('/logout')).status).toBe(200)
  })

  test('locks nobody out: a right password that could not be confirmed is not counted as a wrong one', async () => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    const { agent, page } = await reach(server, client, person, 'login')
    const { action, fields } = formOf(page, /\/login$/)
    const send = () => agent.post(action, { ...fields, email: person.email, password: person.password })
    for (let nth = 0; nth < 12; nth += 1) {
      const sprung = proxy.cutAt('COMMIT', 'before')
      expect((await send()).status).toBe(503)
      await sprung
    }
    const held = await server.database.prisma.attemptCounter.findMany({ where: { failures: { gt: 0 } } })
    expect(held).toEqual([])
    expect((await send()).status).toBe(303)
  })
})
