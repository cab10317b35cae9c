import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { basic } from '../../support/http-client.ts'
import { addApi, addClient, machineClient } from '../../support/people.ts'
import { bugsIn, startBehindProxy } from './behind-proxy.ts'
import type { BehindProxy } from './behind-proxy.ts'

jest.setTimeout(60_000)

const TIMEOUT_MS = 2000
const API = 'https://api.example/'
let behind: BehindProxy
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  const env = { CARDEA_DATABASE_TIMEOUT: String(TIMEOUT_MS), CARDEA_REQUEST_TIMEOUT: '8000' }
  behind = await startBehindProxy({ ...env, CARDEA_DATABASE_POOL: '2' })
  client = await addClient(behind.server, { metadata: machineClient })
  await addApi(behind.server, { identifier: API, clientId: client.id })
})
afterAll(() => behind.stop())

async function token(): Promise<{ status: number; ms: number; sentAt: number }> {
  const sentAt = performance.now()
  const body = { grant_type: 'client_credentials', resource: API, scope: 'orders:read' }
  const { status } = await behind.server.ask('/token', { body, headers: basic(client.id, client.secret) })
  return { status, sentAt, ms: performance.now() - sentAt }
}

test('with 200 ms an answer, what is more than it can take is refused early, what can be served is, and all is well afterwards (FT-04, FT-05)', async () => {
  expect((await token()).status).toBe(200)
  behind.proxy.delay(200)
  const startedAt = performance.now()
  const asked: ReturnType<typeof token>[] = []
  // Four times as many as two connections carry.
  for (let nth = 0; nth < 160; nth += 1) {
    asked.push(token())
    await sleep(Math.max(0, startedAt + (nth + 1) * 50 - performance.now()))
  }
  const answers = await Promise.all(asked)
  behind.proxy.delay(0)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]))
  // Once the line has become too long, most are told at once; without that they would all have waited for as long as anybody may.
  const late = answers.filter(({ sentAt }) => sentAt - startedAt > 2 * TIMEOUT_MS)
  const refused = late.filter(({ status }) => status === 503).map(({ ms }) => ms)
  expect(refused.length).toBeGreaterThan(10)
  expect(refused.toSorted((a, b) => a - b)[Math.floor(refused.length / 2)]).toBeLessThan(TIMEOUT_MS / 2)
  expect(late.filter(({ status }) => status === 200).length).toBeGreaterThan(5)
  expect((await token()).status).toBe(200)
  expect((await token()).status).toBe(200)
  expect(bugsIn(behind.server)).toEqual([])
})
