import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { at, atForm, expectDelayed, from, verdictOf } from '../support/attempts.ts'
import type { Verdict } from '../support/attempts.ts'
import { addClient, addPerson, codeOf, wrongCode } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { redeem, signIn } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

const HOME = '203.0.113.1'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
  client = await addClient(server)
})
afterAll(() => server.stop())

/** A stranger uses up what an account has: a hundred wrong passwords from ten addresses. */
async function attack({ email }: Person): Promise<void> {
  const send = await atForm(server, client, null, 'login')
  for (let address = 0; address < 10; address += 1) {
    const guesses = Array.from({ length: 10 }, () =>
      send({ email, password: 'guess' }, from(`198.51.100.${address}`)),
    )
    await Promise.all(guesses)
  }
}

/** What a browser keeps of an earlier sign-in: the device's own cookie, and nothing of the session. */
function device({ cookies }: UserAgent): UserAgent['cookies'] {
  return cookies.filter(({ name }) => name.startsWith('cardea_device'))
}

test('strangers who lock an account do not lock its owner out of a browser they signed in from before (TH-03, GHSA-cq42-vhv7-xr7p)', async () => {
  const [person, eve] = [await addPerson(server), await addPerson(server)]
  const home = at(server, HOME)
  const before = await signIn(home, client, person)
  const ofEve = await signIn(home, client, eve)
  await attack(person)

  const { email, password } = person
  const tryFrom = async (agent: UserAgent) =>
    verdictOf(await (await atForm(home, client, null, 'login', agent))({ email, password }))
  expect(await tryFrom(createUserAgent(home))).toBe('throttled')
  expect(await tryFrom(createUserAgent(home, device(ofEve.agent)))).toBe('throttled')
  const forged = device(before.agent).map((cookie) =>
    cookie.name === 'cardea_device' ? { ...cookie, value: cookie.value.replace(/^.{3}/, 'AAA') } : cookie,
  )
  expect(await tryFrom(createUserAgent(home, forged))).toBe('throttled')

  // The device buys attempts, no factor: password and code are both asked, and lead all the way.
  const agent = createUserAgent(home, device(before.agent))
  const signedIn = await signIn(home, client, person, { prompt: 'login' }, { agent })
  expect((await redeem(home, client, signedIn)).status).toBe(200)
})

describe('a known device', () => {
  test('that is stolen has ten attempts of its own, which no address renews (TH-03)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(at(server, HOME), client, person)
    const thief = createUserAgent(server, device(agent))
    const send = await atForm(server, client, null, 'login', thief)
    const verdicts: Verdict[] = []
    const since = performance.now()
    for (let nth = 0; nth < 12; nth += 1)
      verdicts.push(
        verdictOf(await send({ email: person.email, password: 'guess' }, from(`198.51.101.${nth}`))),
      )
    expectDelayed(verdicts, since)
    // The owner elsewhere has lost nothing by it.
    const own = await atForm(server, client, null, 'login')
    const { email, password } = person
    expect(verdictOf(await own({ email, password }, from('203.0.113.9')))).toBe('accepted')
  })

  test('is asked for codes on, while somebody elsewhere who knows the password tries codes (TH-03, MF-05)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    const stranger = await atForm(server, client, person, 'totp')
    for (let nth = 0; nth < 6; nth += 1)
      await stranger({ code: wrongCode(await codeOf(server, person), nth) })
    const right = { code: await codeOf(server, person) }
    expect(verdictOf(await stranger(right))).toBe('throttled')
    const own = await atForm(server, client, person, 'totp', createUserAgent(server, device(agent)))
    expect(verdictOf(await own({ code: await codeOf(server, person) }))).toBe('accepted')
  })

  test('skips no code and has no more attempts at it than any other (TH-01, MF-05)', async () => {
    const person = await addPerson(server)
    const { agent } = await signIn(server, client, person)
    const send = await atForm(server, client, person, 'totp', createUserAgent(server, device(agent)))
    const verdicts: string[] = []
    for (let nth = 0; nth < 6; nth += 1)
      verdicts.push(verdictOf(await send({ code: wrongCode(await codeOf(server, person), nth) })))
    expect(verdicts).toEqual([...Array<string>(5).fill('wrong'), 'throttled'])
  })
})

test('whoever is locked out hears how long, and nothing is for good (TH-01)', async () => {
  const person = await addPerson(server)
  const send = await atForm(server, client, null, 'login')
  const { email, password } = person
  const guess = () => send({ email, password: 'guess' }, from('198.51.102.1'))
  const later = (seconds: number) =>
    server.database.pool.query(
      'UPDATE attempt_counters SET blocked_until = blocked_until - make_interval(secs => $1)',
      [seconds],
    )
  for (let nth = 0; nth < 10; nth += 1) await guess()
  for (const seconds of [1, 2, 4, 8, 16, 32]) {
    await later(seconds)
    await guess()
  }
  const locked = await send({ email, password }, from('198.51.102.1'))
  // Sixty-four seconds, less what has gone by.
  expect(locked.text).toMatch(/Try again in (2 minutes|a minute|\d\d seconds)/)
  expect([locked.status, Number(locked.headers['retry-after']) > 30]).toEqual([429, true])
  await later(64)
  expect(verdictOf(await send({ email, password }, from('198.51.102.1')))).toBe('accepted')
})
