import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { addAssertionClient, keyPair, signAssertion } from '../support/assertion.ts'
import { adminTokenFor, GLOBAL_REVOCATION } from '../support/global-revocation.ts'
import { bearer } from '../support/http-client.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson, machineClient } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

const LIMIT = 20
const FLOOD = 60

// Said once by the engine, of a runtime as jest builds it.
jest.spyOn(console, 'warn').mockImplementation(() => undefined)

let server: TestServer
let asked = 0
const stub = createServer((_req, res) => {
  asked += 1
  res.writeHead(503).end()
})
beforeAll(async () => {
  await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve))
  server = await startTestServer({
    env: { CARDEA_RATE_LIMIT: String(LIMIT), CARDEA_TRUSTED_PROXIES: '127.0.0.1' },
  })
})
afterAll(async () => {
  await server.stop()
  stub.closeAllConnections()
  await new Promise((resolve) => stub.close(resolve))
})

const nobody = { sub_id: { format: 'opaque', id: '00000000-0000-4000-8000-000000000000' } }

function post(address: string, token: string, body: object = nobody): Promise<Answer> {
  const headers = {
    'content-type': 'application/json',
    'x-forwarded-for': address,
    ...bearer(token),
  }
  return server.ask(GLOBAL_REVOCATION, { method: 'POST', body: JSON.stringify(body), headers })
}

async function flood(address: string, tokenOf: (nth: number) => Promise<string> | string): Promise<object> {
  const statuses: Record<number, number> = {}
  for (let nth = 0; nth < FLOOD; nth += 1) {
    const { status } = await post(address, await tokenOf(nth))
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  return statuses
}

describe('somebody without the right, at the endpoint for security tools', () => {
  test('is refused so many times a minute, then hears 429 with Retry-After; the audit stays short (HT-05, RFC 6585 §4)', async () => {
    const client = await addClient(server, { metadata: { ...machineClient, scope: 'users:read' } })
    const token = await adminTokenFor(server, client, 'users:read')
    expect(await flood('203.0.113.1', () => token)).toEqual({ 403: LIMIT, 429: FLOOD - LIMIT })
    const refusals = { type: 'global_revocation.refused' }
    expect(await server.database.prisma.auditEvent.count({ where: refusals })).toBe(LIMIT)
    const late = await post('203.0.113.1', token)
    expect([late.status, late.json()['error']]).toEqual([429, 'temporarily_unavailable'])
    expect(Number(late.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(late.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect((await post('203.0.113.2', token)).status).toBe(403)
  })

  test('sends us no more often than that to where a client publishes its keys (CA-06)', async () => {
    const key = await keyPair()
    const { port } = stub.address() as AddressInfo
    const client = await addAssertionClient(server, { key, jwks_uri: `http://127.0.0.1:${port}/jwks` })
    const bogus = () => signAssertion(server, client, { aud: `${server.issuer}${GLOBAL_REVOCATION}` })
    expect(await flood('203.0.113.3', bogus)).toEqual({ 401: LIMIT, 429: FLOOD - LIMIT })
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThanOrEqual(LIMIT)
  })
})

test('a tool with the right ends the access of any number of people, and asks for any number that nobody has', async () => {
  const tool = await addClient(server, { metadata: { ...machineClient, scope: 'global:revoke' } })
  const token = await adminTokenFor(server, tool, 'global:revoke')
  const { id } = await addPerson(server, { totp: false })
  for (let nth = 0; nth < LIMIT * 2; nth += 1)
    expect((await post('203.0.113.4', token, { sub_id: { format: 'opaque', id } })).status).toBe(204)
  expect(await flood('203.0.113.4', () => token)).toEqual({ 404: FLOOD })
})
