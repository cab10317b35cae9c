import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import { authorizeUrl, pkce, signIn, told } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { through } from '../support/through.ts'
import { createUserAgent } from '../support/user-agent.ts'

const LIMIT = 30
const FLOOD = 2000

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let start: string
beforeAll(async () => {
  server = await startTestServer({
    env: { CARDEA_RATE_LIMIT: String(LIMIT), CARDEA_TRUSTED_PROXIES: '127.0.0.1' },
  })
  client = await addClient(server, { firstParty: true })
  start = authorizeUrl(client, pkce().challenge)
})
afterAll(() => server.stop())

const from = (address: string) => ({ 'x-forwarded-for': address })

async function rows(): Promise<number> {
  const { interaction, session, grant, token } = server.database.prisma
  const counts = [interaction.count(), session.count(), grant.count(), token.count()]
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

/** Sends a request many times, fifty at once, and counts the statuses. */
async function flood(count: number, send: (nth: number) => Promise<Answer>): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {}
  let nth = 0
  const one = async () => {
    while ((nth += 1) <= count) {
      const { status } = await send(nth)
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 50 }, one))
  return statuses
}

describe('somebody who never signs in, from one address', () => {
  test('starts as many sign-ins a minute as allowed, then gets 429 with Retry-After; the rows stay few (HT-05, RFC 6585 §4)', async () => {
    const before = await rows()
    const statuses = await flood(FLOOD, () => server.ask(start, { headers: from('203.0.113.1') }))
    expect(statuses).toEqual({ 303: LIMIT, 429: FLOOD - LIMIT })
    expect((await rows()) - before).toBe(LIMIT)
    const refused = await server.ask(start, { headers: from('203.0.113.1') })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60)
  })

  test.each<[string, (nth: number) => { path: string; headers?: Record<string, string> }]>([
    ['by another spelling of the address', (nth) => ({ path: start.replace('/authorize', spelling(nth)) })],
    ['by a session cookie that is made up', () => ({ path: start, headers: { cookie: 'cardea_session=x' } })],
    [
      'by a signed-looking one',
      (nth) => ({ path: start, headers: { cookie: `cardea_session=x; cardea_session.sig=${nth}` } }),
    ],
    ['by asking to sign out, over and over', () => ({ path: '/logout' })],
    [
      'by other parameters each time',
      (nth) => ({ path: `${start}&state=${nth}&login_hint=${nth}@x.example` }),
    ],
    ['by HEAD', () => ({ path: start })],
  ])('leaves no more rows behind %s (HT-05)', async (_, request) => {
    const address = `198.51.100.${(serial += 1)}`
    const before = await rows()
    const isHead = _ === 'by HEAD'
    await flood(200, (nth) => {
      const { path, headers } = request(nth)
      return server.ask(path, {
        headers: { ...from(address), ...headers },
        ...(isHead ? { method: 'HEAD' } : {}),
      })
    })
    expect((await rows()) - before).toBeLessThanOrEqual(LIMIT)
  })

  test('gains nothing by a session cookie of ours, which the sign-out page gives to anyone (HT-05)', async () => {
    const agent = createUserAgent(through(server, { headers: from('203.0.113.2') }))
    await agent.get('/logout')
    expect(agent.cookies.map(({ name }) => name)).toContain('cardea_session')
    const before = await rows()
    await flood(200, () => agent.clone().get(start))
    expect((await rows()) - before).toBeLessThanOrEqual(LIMIT)
  })

  test('gains nothing by the addresses of one IPv6 customer (HT-05, TH-06)', async () => {
    const before = await rows()
    await flood(200, (nth) => server.ask(start, { headers: from(`2001:db8:1:1::${nth.toString(16)}`) }))
    expect((await rows()) - before).toBe(LIMIT)
  })
})

describe('somebody who has signed in, at the same address', () => {
  test('is served on: silent renewals count for nothing, not even beside a flood', async () => {
    const home = through(server, { headers: from('203.0.113.3') })
    const { agent } = await signIn(home, client, await addPerson(server))
    await flood(200, () => home.ask(start))
    for (let nth = 0; nth < LIMIT + 10; nth += 1) {
      const { code } = told(await askSilently(agent, client))
      expect(code).toBeDefined()
    }
  })

  test('starts no more sign-ins than anybody else (HT-05)', async () => {
    const home = through(server, { headers: from('203.0.113.4') })
    const { agent } = await signIn(home, client, await addPerson(server))
    const statuses = await flood(200, () => agent.clone().get(`${start}&prompt=login`))
    expect(statuses).toEqual({ 303: LIMIT, 429: 200 - LIMIT })
  })
})

let serial = 0

function spelling(nth: number): string {
  const ways = [
    '/authorize/',
    '/Authorize',
    '/AUTHORIZE',
    '/%61uthorize',
    '//authorize',
    '/authorize;',
    '/./authorize',
  ]
  return ways[nth % ways.length] ?? ''
}
