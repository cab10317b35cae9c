import { expect, test } from '@jest/globals'
import { Histogram } from 'prom-client'
import { addDeparted, createMetrics, metricsRoute } from '../../../src/http/index.ts'

function processWith(databasePool: { total: number; idle: number; waiting: number }, hashing: number) {
  return createMetrics({
    databasePool: () => databasePool,
    hashing: () => ({ active: hashing, waiting: 0, refused: hashing }),
  })
}

async function scraped(supervisor: ReturnType<typeof processWith>, others: object[]): Promise<string[]> {
  const ctx = { path: '/metrics', method: 'GET', type: '', body: '' }
  const route = metricsRoute(supervisor.registry, () => Promise.resolve(others))
  await route(ctx as never, () => Promise.resolve())
  return ctx.body.split('\n')
}

const storage = {
  tables: [{ table: 'users', bytes: 8192, rows: 10 }],
  expired: [{ table: 'tokens', expiredSeconds: 30 }],
  auditSealSeconds: 2,
  keys: [{ alg: 'ES256', dueInSeconds: -86_400, overdue: true }],
}

test('what several processes have is added up, and what the database says of all is not', async () => {
  const [supervisor, one, other] = [0, 2, 3].map((n) => processWith({ total: n, idle: 0, waiting: n }, n))
  if (!supervisor || !one || !other) throw new Error('three were made')
  for (const each of [supervisor, one]) {
    each.observeStorage(storage)
    each.observeLogoutQueue({ waiting: 7, oldestSeconds: 9 })
  }
  const others = [await one.registry.getMetricsAsJSON(), await other.registry.getMetricsAsJSON()]
  expect(await scraped(supervisor, others)).toEqual(
    expect.arrayContaining([
      'database_pool{state="total"} 5',
      'password_hashing{state="running"} 5',
      'password_hashing_refused_total 5',
      'table_bytes{table="users"} 8192',
      'sweep_lag_seconds{table="tokens"} 30',
      'audit_seal_lag_seconds 2',
      'signing_key_due_days{alg="ES256"} -1',
      'signing_key_rotation_overdue{alg="ES256"} 1',
      'logout_notices_waiting 7',
      'logout_notices_oldest_seconds 9',
    ]),
  )
})

test('of processes that are gone the counters and histograms remain, in one sum, and no gauge does', async () => {
  const supervisor = processWith({ total: 1, idle: 0, waiting: 0 }, 0)
  let departed: object | null = null
  for (const answered of [2, 3]) {
    const gone = processWith({ total: 4, idle: 0, waiting: 0 }, answered)
    gone.tokensIssued.inc({ grant_type: 'refresh_token' }, answered)
    const seconds = new Histogram({ name: 'seconds', help: 'x', registers: [gone.registry], buckets: [1] })
    for (let nth = 0; nth < answered; nth += 1) seconds.observe(nth)
    // As it comes through the pipe.
    const sent = JSON.stringify(await gone.registry.getMetricsAsJSON())
    departed = addDeparted(departed, JSON.parse(sent) as object)
  }
  if (!departed) throw new Error('two are gone')
  const lines = await scraped(supervisor, [departed])
  expect(lines).toEqual(
    expect.arrayContaining([
      'tokens_issued_total{grant_type="refresh_token"} 5',
      'password_hashing_refused_total 5',
      'seconds_bucket{le="1"} 4',
      'seconds_bucket{le="+Inf"} 5',
      'seconds_count 5',
      'seconds_sum 4',
      'database_pool{state="total"} 1',
      'password_hashing{state="running"} 0',
    ]),
  )
  expect(lines.filter((line) => line.startsWith('tokens_issued_total{'))).toHaveLength(1)
})
