import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { counterKey } from '../../src/users/index.ts'
import { addAssertionClient, askWith, signAssertion } from '../support/assertion.ts'
import { basic } from '../support/http-client.ts'
import { addClient, machineClient } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { introspect } from '../support/tokens.ts'

const form = { grant_type: 'client_credentials' }
let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
})
afterAll(() => server.stop())

/** As the proxy in front says, the request came from this address. */
function from(ip: string) {
  return { 'x-forwarded-for': ip }
}

const machine = () => addClient(server, { metadata: machineClient })

async function guess(id: string, ip: string, times: number): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  for (let nth = 0; nth < times; nth += 1) {
    const headers = { ...basic(id, `guess-${nth}`), ...from(ip) }
    const { status } = await server.ask('/token', { body: form, headers })
    counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

describe('200 wrong secrets of one client from one address', () => {
  test('end in 429 with Retry-After, and then the right one waits too (CA-05, OAuth 2.1 §2.4.1)', async () => {
    const { id, secret } = await machine()
    const counts = await guess(id, '192.0.2.1', 200)
    expect(Object.keys(counts)).toEqual(['401', '429'])
    expect(counts[401]).toBe(50)
    const headers = { ...basic(id, secret), ...from('192.0.2.1') }
    const answer = await server.ask('/token', { body: form, headers })
    expect(answer.status).toBe(429)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect(answer.json()['error']).toBe('temporarily_unavailable')
    expect(answer.headers['www-authenticate']).toBeUndefined()
  })

  test('are recorded as often as they are counted, without the secret that was tried (AD-13)', async () => {
    const { id } = await machine()
    await guess(id, '192.0.2.77', 60)
    const events = await server.database.prisma.auditEvent.findMany({
      where: { clientId: id, type: 'client.authentication_failed' },
    })
    expect(events).toHaveLength(50)
    expect(events[0]).toMatchObject({ ip: '192.0.2.77', actorVia: 'client', detail: { endpoint: 'token' } })
    expect(
      JSON.stringify(events, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain('guess-')
  })

  test('do not keep another client of the same address waiting (CA-05)', async () => {
    const [guessed, other] = [await machine(), await machine()]
    await guess(guessed.id, '192.0.2.2', 60)
    const headers = { ...basic(other.id, other.secret), ...from('192.0.2.2') }
    expect((await server.ask('/token', { body: form, headers })).status).toBe(200)
  })

  test('do not shut out the client itself, which asks from elsewhere (CA-05, TH-03)', async () => {
    const { id, secret } = await machine()
    expect(await guess(id, '192.0.2.3', 60)).toHaveProperty('429')
    const headers = { ...basic(id, secret), ...from('192.0.2.4') }
    expect((await server.ask('/token', { body: form, headers })).status).toBe(200)
  })

  test('count at the three endpoints together (CA-05)', async () => {
    const { id, secret } = await machine()
    await guess(id, '127.0.0.1', 60)
    expect((await introspect(server, { id, secret }, 'x')).status).toBe(429)
    expect((await server.ask('/revoke', { body: { token: 'x' }, headers: basic(id, secret) })).status).toBe(
      429,
    )
  })
})

describe('wrong secrets from all over an IPv6 network', () => {
  test('are counted for its /56 and /48 too, on both instances: another /64 buys no fifty more, and costs the client nothing (CA-05, TH-06)', async () => {
    const { id, secret } = await machine()
    let lookedAt = 0
    // No /64 and no /56 reaches its own limit.
    for (let nth = 0; nth < 205; nth += 1) {
      const subnet = ((nth % 26) * 0x100 + nth).toString(16)
      const headers = { ...basic(id, `guess-${nth}`), ...from(`2001:db8:48:${subnet}::1`) }
      const answer = await server.instances[nth % 2]?.ask('/token', { body: form, headers })
      if (answer?.status === 401) lookedAt += 1
      else expect(answer?.status).toBe(429)
    }
    expect(lookedAt).toBeGreaterThanOrEqual(200)
    expect(lookedAt).toBeLessThanOrEqual(201)
    const right = (ip: string) =>
      server.ask('/token', { body: form, headers: { ...basic(id, secret), ...from(ip) } })
    // The right one is not kept waiting by its neighbours; whoever fails is, with the same words as ever.
    expect((await right('2001:db8:48:ffff::1')).status).toBe(200)
    expect((await right('2001:db8:49::1')).status).toBe(200)
    const headers = { ...basic(id, 'guess'), ...from('2001:db8:48:ffff::1') }
    const wrong = await server.ask('/token', { body: form, headers })
    expect([wrong.status, wrong.json()['error']]).toEqual([429, 'temporarily_unavailable'])
    expect(Number(wrong.headers['retry-after'])).toBeGreaterThan(0)
    expect(wrong.headers['www-authenticate']).toBeUndefined()
    // In their own /64 they are counted on, and end there.
    const network = '20010db80048ffff::/64'
    await server.database.prisma.attemptCounter.updateMany({
      where: { key: counterKey('client-secret', id, `${id}\n${network}`) },
      data: { failures: 49 },
    })
    expect(await guess(id, '2001:db8:48:ffff::2', 2)).toEqual({ 429: 2 })
    expect((await right('2001:db8:48:ffff::1')).status).toBe(429)
    const block = await server.database.prisma.attemptCounter.findFirst({
      where: { clientId: id, blockedUntil: { not: null } },
    })
    expect(block?.network).toMatch(/\/48$/)
  })
})

describe('on two instances', () => {
  const first = () => server.instances[0]
  const guessAt = async (nth: number, id: string, ip: string) => {
    const headers = { ...basic(id, `guess-${nth}`), ...from(ip) }
    const answer = await server.instances[nth % 2]?.ask('/token', { body: form, headers })
    return answer?.status ?? 0
  }

  test('fifty wrong secrets are looked at altogether, and at most one more by the instance that has yet to hear of the block (CA-05)', async () => {
    const { id, secret } = await machine()
    const statuses: number[] = []
    for (let nth = 0; nth < 80; nth += 1) statuses.push(await guessAt(nth, id, '192.0.2.20'))
    const lookedAt = statuses.filter((status) => status === 401).length
    expect(lookedAt).toBeGreaterThanOrEqual(50)
    expect(lookedAt).toBeLessThanOrEqual(51)
    const headers = { ...basic(id, secret), ...from('192.0.2.20') }
    expect((await first()?.ask('/token', { body: form, headers }))?.status).toBe(429)
    const { prisma } = server.database
    const block = await prisma.attemptCounter.findFirst({ where: { clientId: id } })
    expect(block).toMatchObject({ network: '192.0.2.20' })
    expect(await prisma.auditEvent.count({ where: { type: 'throttle.blocked', clientId: id } })).toBe(1)
  })

  test('200 wrong secrets at one moment leave a right one costing no row and no wait elsewhere (CA-05)', async () => {
    const { id, secret } = await machine()
    const statuses = await Promise.all(
      Array.from({ length: 200 }, (_, nth) => guessAt(nth, id, '192.0.2.21')),
    )
    expect(new Set(statuses)).toEqual(new Set(statuses.includes(429) ? [401, 429] : [401]))
    const headers = (ip: string) => ({ ...basic(id, secret), ...from(ip) })
    expect((await first()?.ask('/token', { body: form, headers: headers('192.0.2.21') }))?.status).toBe(429)
    const before = await server.database.prisma.attemptCounter.count()
    expect((await first()?.ask('/token', { body: form, headers: headers('192.0.2.22') }))?.status).toBe(200)
    expect(await server.database.prisma.attemptCounter.count()).toBe(before)
  })
})

test('right secrets are never counted, however many (CA-05)', async () => {
  const { id, secret } = await machine()
  for (let nth = 0; nth < 70; nth += 1) {
    const headers = { ...basic(id, secret), ...from('192.0.2.5') }
    expect((await server.ask('/token', { body: form, headers })).status).toBe(200)
  }
})

test('bad assertions of a client are slowed like bad secrets (CA-05, CA-06)', async () => {
  const client = await addAssertionClient(server)
  const bad = await signAssertion(server, client, { aud: 'https://other.example' })
  const statuses = new Set<number>()
  for (let nth = 0; nth < 60; nth += 1)
    statuses.add((await askWith(server, bad, {}, from('192.0.2.6'))).status)
  expect([...statuses]).toEqual([401, 429])
  expect((await askWith(server, await signAssertion(server, client), {}, from('192.0.2.7'))).status).toBe(200)
})

test('names of clients that are not there get 401 however often, and block nobody else (CA-05)', async () => {
  for (let nth = 0; nth < 60; nth += 1)
    expect((await server.ask('/token', { body: form, headers: basic('nobody', 'x') })).status).toBe(401)
  const { id, secret } = await machine()
  expect((await server.ask('/token', { body: form, headers: basic(id, secret) })).status).toBe(200)
})
