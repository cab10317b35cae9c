import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import type { Answer } from '../../support/http-client.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { redeem, signIn, tokensFor } from '../../support/sign-in.ts'
import type { TestServer } from '../../support/server.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'
import { bugsIn, startBehindProxy } from './behind-proxy.ts'
import type { BehindProxy } from './behind-proxy.ts'
import { askOps, prepareMix } from './request-mix.ts'
import type { RequestMix } from './request-mix.ts'

/** When every request is answered at the latest: the request's own deadline, and some air for a busy machine. */
const DEADLINE_MS = 1500
const AIR_MS = 1000
const POOL = 5

let behind: BehindProxy
let proxy: TcpProxy
let server: TestServer
let mix: RequestMix
let admin: pg.Client
beforeAll(async () => {
  behind = await startBehindProxy({
    CARDEA_REQUEST_TIMEOUT: String(DEADLINE_MS),
    CARDEA_DATABASE_POOL: String(POOL),
  })
  ;({ proxy, server } = behind)
  mix = await prepareMix(server)
  admin = new pg.Client({ connectionString: behind.databaseUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await behind.stop()
})
afterEach(() => expect(bugsIn(server)).toEqual([]))

async function timed(send: () => Promise<Answer>): Promise<Answer & { ms: number }> {
  const startedAt = performance.now()
  const answer = await send()
  return { ...answer, ms: performance.now() - startedAt }
}

async function expectAllRefusedInTime(): Promise<void> {
  const answers = await Promise.all(
    Object.entries(mix).map(async ([kind, send]) => ({ kind, ...(await timed(send)) })),
  )
  for (const { kind, status, ms, headers, location } of answers) {
    expect({ kind, status, location, retry: headers['retry-after'] }).toEqual({
      kind,
      status: 503,
      location: undefined,
      retry: expect.stringMatching(/^[1-9]/),
    })
    expect(ms).toBeLessThan(DEADLINE_MS + AIR_MS)
  }
}

/** Nothing of what was tried is left: no borrowed connection, nobody waiting, no transaction open on the server. */
async function expectNothingLeaked(): Promise<void> {
  const { pool } = server.database
  const deadline = Date.now() + 3000
  while ((pool.idleCount < pool.totalCount || pool.waitingCount > 0) && Date.now() < deadline) await sleep(20)
  expect({ waiting: pool.waitingCount, borrowed: pool.totalCount - pool.idleCount }).toEqual({
    waiting: 0,
    borrowed: 0,
  })
  const { rows } = await admin.query<{ state: string }>(
    "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cardea'",
  )
  expect(rows.length).toBeLessThanOrEqual(POOL)
  expect(rows.filter(({ state }) => state !== 'idle')).toEqual([])
}

async function expectAllServed(): Promise<void> {
  for (const [kind, send] of Object.entries(mix)) {
    const { status } = await send()
    expect({ kind, served: status < 500 }).toEqual({ kind, served: true })
  }
}

describe('a database that hangs (FT-03, M18)', () => {
  test('serves every kind of request before', () => expectAllServed())

  test('makes every kind of request a 503 within the deadline, three times over, and none of them leaks', async () => {
    for (let round = 0; round < 3; round += 1) {
      proxy.pause()
      await expectAllRefusedInTime()
      proxy.resume()
      await expectNothingLeaked()
    }
    await expectAllServed()
    await tokensFor(server, await addClient(server), await addPerson(server))
  })

  test('leaves what needs no database as it was; the balancer is told, the supervisor is not', async () => {
    proxy.pause()
    const open = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks']
    for (const path of [...open, '/health/live', '/nowhere']) {
      const { status, ms } = await timed(() => server.ask(path))
      expect({ path, status }).toEqual({ path, status: path === '/nowhere' ? 404 : 200 })
      expect(ms).toBeLessThan(AIR_MS)
    }
    const ready = await timed(() => askOps(server, '/health/ready'))
    expect(ready.status).toBe(503)
    expect(ready.json()).toMatchObject({ checks: { database: 'failed', accepting: 'ok' } })
    expect(ready.ms).toBeLessThan(1000 + AIR_MS)
    proxy.resume()
    await expectNothingLeaked()
    expect((await askOps(server, '/health/ready')).status).toBe(200)
  })

  test('because of a table lock: what needs the table is a 503, the rest is served', async () => {
    await admin.query('BEGIN; LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE')
    const introspected = await timed(mix['introspection'] ?? fail)
    expect(introspected.status).toBe(503)
    expect(introspected.text).not.toContain('active')
    expect(introspected.ms).toBeLessThan(DEADLINE_MS + AIR_MS)
    expect((await mix['a sign-in begins']?.())?.status).toBe(303)
    await admin.query('ROLLBACK')
    await expectNothingLeaked()
    await expectAllServed()
  })
})

describe('a database that answers slowly', () => {
  test('slows requests down and fails none while it keeps within its limits (FT-04)', async () => {
    proxy.delay(30)
    await expectAllServed()
    proxy.delay(0)
    await expectNothingLeaked()
  })

  test('past the deadline of the request: 503, and what nobody heard of does not happen afterwards (FT-03)', async () => {
    // One answer takes longer than the request may, and no longer than a statement may.
    const other = await startBehindProxy({ CARDEA_DATABASE_TIMEOUT: '700', CARDEA_REQUEST_TIMEOUT: '800' })
    try {
      const client = await addClient(other.server)
      const signedIn = await signIn(other.server, client, await addPerson(other.server))
      other.proxy.delay(1000)
      const { status, text, ms } = await timed(() => redeem(other.server, client, signedIn))
      expect(status).toBe(503)
      expect(text).not.toContain('_token')
      expect(ms).toBeLessThan(800 + AIR_MS)
      await sleep(1000)
      other.proxy.delay(0)
      await sleep(50)
      expect((await redeem(other.server, client, signedIn)).status).toBe(200)
      expect(bugsIn(other.server)).toEqual([])
    } finally {
      await other.stop()
    }
  })
})

function fail(): never {
  throw new Error('no such kind of request')
}
