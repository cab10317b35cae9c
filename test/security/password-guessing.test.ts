import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { unlockUser } from '../../src/users/index.ts'
import { at, atForm, expectDelayed, from, verdictOf } from '../support/attempts.ts'
import type { Verdict } from '../support/attempts.ts'
import { addClient, addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
  client = await addClient(server)
})
afterAll(() => server.stop())

function count(verdicts: Verdict[]): Partial<Record<Verdict, number>> {
  const counts: Partial<Record<Verdict, number>> = {}
  for (const verdict of verdicts) counts[verdict] = (counts[verdict] ?? 0) + 1
  return counts
}

describe('guessing a password on the page, on two instances', () => {
  test('in 200 guesses at one moment, ten are looked at and one more after each delay that is over; the right one is a guess like the others (TH-02, CVE-2024-4629)', async () => {
    const { email, password } = await addPerson(server)
    const send = await atForm(server, client, null, 'login')
    const guesses = Array.from({ length: 200 }, (_, nth) => (nth === 150 ? password : `guess ${nth}`))
    const since = performance.now()
    const verdicts = await Promise.all(
      guesses.map(async (guess) => verdictOf(await send({ email, password: guess }, from('203.0.113.1')))),
    )
    expectDelayed(verdicts, since)
  })

  test('from ever new addresses, a hundred are looked at; then the right one waits too, until somebody unlocks (TH-01)', async () => {
    const { id, email, password } = await addPerson(server)
    const send = await atForm(server, client, null, 'login')
    const verdicts: Verdict[] = []
    for (let nth = 0; nth < 110; nth += 10) {
      const guesses = Array.from({ length: 10 }, async (_, more) =>
        verdictOf(await send({ email, password: 'guess' }, from(`198.51.100.${nth + more}`))),
      )
      verdicts.push(...(await Promise.all(guesses)))
    }
    expect(count(verdicts)).toEqual({ wrong: 100, throttled: 10 })
    expect(verdictOf(await send({ email, password }, from('203.0.113.77')))).toBe('throttled')
    await unlockUser(server.database.prisma, id)
    expect(verdictOf(await send({ email, password }, from('203.0.113.77')))).toBe('accepted')
  }, 60_000)

  test('by ten honest people at one moment from one office locks none of them out (F1)', async () => {
    const people = await Promise.all(Array.from({ length: 10 }, () => addPerson(server)))
    const office = from('203.0.113.50')
    const verdicts = people.map(async ({ email, password }) => {
      const send = await atForm(server, client, null, 'login')
      return verdictOf(await send({ email, password }, office))
    })
    expect(count(await Promise.all(verdicts))).toEqual({ accepted: 10 })
  })
})

describe('the count is not reset (TH-05)', () => {
  test('by a new sign-in in a new browser for each guess (CVE-2026-128332, CVE-2026-103977)', async () => {
    const { email, password } = await addPerson(server)
    const home = at(server, '203.0.113.2')
    const verdicts: Verdict[] = []
    const since = performance.now()
    for (let nth = 0; nth < 13; nth += 1) {
      const send = await atForm(home, client, null, 'login', createUserAgent(home))
      verdicts.push(verdictOf(await send({ email, password: `guess ${nth}` })))
    }
    const send = await atForm(home, client, null, 'login')
    verdicts.push(verdictOf(await send({ email, password })))
    expectDelayed(verdicts, since)
  })

  test('by other spellings of the e-mail address', async () => {
    const { email } = await addPerson(server)
    const send = await atForm(server, client, null, 'login')
    const spellings = [email, email.toUpperCase(), ` ${email} `, `${email}\t`, email.replace('e', 'E')]
    const verdicts: Verdict[] = []
    const since = performance.now()
    for (let nth = 0; nth < 15; nth += 1)
      verdicts.push(
        verdictOf(await send({ email: spellings[nth % 5] ?? '', password: 'guess' }, from('203.0.113.3'))),
      )
    expectDelayed(verdicts, since)
  })

  test('by signing in to an account of one’s own in between, from the same address', async () => {
    const [victim, eve] = [await addPerson(server), await addPerson(server)]
    const send = await atForm(server, client, null, 'login')
    const address = from('203.0.113.4')
    const verdicts: Verdict[] = []
    const since = performance.now()
    for (let nth = 0; nth < 10; nth += 1) {
      verdicts.push(verdictOf(await send({ email: victim.email, password: 'guess' }, address)))
      const own = await atForm(server, client, null, 'login')
      expect(verdictOf(await own({ email: eve.email, password: eve.password }, address))).toBe('accepted')
    }
    verdicts.push(verdictOf(await send({ email: victim.email, password: victim.password }, address)))
    expectDelayed(verdicts, since)
  })
})

describe('the count is not kept by a header that the client writes (TH-06, CVE-2024-47070)', () => {
  const lies = (nth: number): Record<string, string> => ({
    forwarded: `for=198.51.100.${nth};by=10.0.0.1`,
    'x-real-ip': `198.51.100.${nth}`,
    'x-client-ip': `198.51.100.${nth}`,
    'true-client-ip': `198.51.100.${nth}`,
    'cf-connecting-ip': `198.51.100.${nth}`,
  })

  test.each<[string, (nth: number) => Record<string, string>]>([
    ['what stands left of the proxy’s own word', (nth) => from(`198.51.100.${nth}, 203.0.113.5`)],
    ['garbage left of it', (nth) => from(`a${nth}, , "x", 203.0.113.6`)],
    ['other headers for the same', (nth) => ({ ...from('203.0.113.7'), ...lies(nth) })],
    [
      'IPv4 dressed as IPv6',
      (nth) => from(['203.0.113.8', '::ffff:203.0.113.8', '::ffff:cb00:7108'][nth % 3] ?? ''),
    ],
    ['a port behind the address', (nth) => from(`203.0.113.9:${1000 + nth}`)],
    ['other addresses of one IPv6 customer', (nth) => from(`2001:db8:2:2::${nth + 1}`)],
  ])('%s', async (_, headers) => {
    const { email } = await addPerson(server)
    const send = await atForm(server, client, null, 'login')
    const verdicts: Verdict[] = []
    const since = performance.now()
    for (let nth = 0; nth < 13; nth += 1)
      verdicts.push(verdictOf(await send({ email, password: 'guess' }, headers(nth))))
    expectDelayed(verdicts, since)
  })

  test('nor by any of them where there is no proxy at all', async () => {
    const direct = await startTestServer()
    try {
      const app = await addClient(direct)
      const { email } = await addPerson(direct)
      const send = await atForm(direct, app, null, 'login')
      const verdicts: Verdict[] = []
      const since = performance.now()
      for (let nth = 0; nth < 13; nth += 1)
        verdicts.push(
          verdictOf(await send({ email, password: 'guess' }, { ...from(`198.51.100.${nth}`), ...lies(nth) })),
        )
      expectDelayed(verdicts, since)
    } finally {
      await direct.stop()
    }
  })
})
