import { expect, test } from '@jest/globals'
import { createMetrics, metricsRoute } from '../../../src/http/index.ts'

function processWith(databasePool: { total: number; idle: number; waiting: number }, hashing: number) {
  return createMetrics({
    databasePool: () => databasePool,
    hashing: () => ({ active: hashing, waiting: 0, refused: hashing }),
  })
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
  const ctx = { path: '/metrics', method: 'GET', type: '', body: '' }
  const others = async () => [await one.registry.getMetricsAsJSON(), await other.registry.getMetricsAsJSON()]
  const route = metricsRoute(supervisor.registry, others)
  await route(ctx as never, () => Promise.resolve())
  const lines = ctx.body.split('\n')
  expect(lines).toEqual(
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
