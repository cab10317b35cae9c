import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addAssertionClient, askWith, signAssertion } from '../support/assertion.ts'
import { basic } from '../support/http-client.ts'
import { addClient, machineClient } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { introspect } from '../support/tokens.ts'

const form = { grant_type: 'client_credentials' }
let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
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
    expect(counts[401]).toBeLessThanOrEqual(51)
    const headers = { ...basic(id, secret), ...from('192.0.2.1') }
    const answer = await server.ask('/token', { body: form, headers })
    expect(answer.status).toBe(429)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect(answer.json()['error']).toBe('temporarily_unavailable')
    expect(answer.headers['www-authenticate']).toBeUndefined()
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
