import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { cardeaHere } from './command.ts'

type Findings = { findings: { what: string; ok: boolean }[] }

let database: Database
let drop: () => Promise<void>
let server: ServerProcess
let env: Record<string, string>
beforeAll(async () => {
  const made = await createTestDatabase()
  drop = made.drop
  env = await productionEnv(made.url)
  server = await spawnServer(env)
  await server.ready()
  database = connectDatabase({
    ...{ url: made.url, poolMax: 2, connectTimeoutMs: 5000, statementTimeoutMs: 5000 },
    ...{ lockTimeoutMs: 5000, idleInTransactionTimeoutMs: 5000 },
  })
}, 90_000)
afterAll(async () => {
  await server.stop()
  await database.close()
  await drop()
})

/** What each of them finds bad. */
async function bothSay(): Promise<{ ready: string[]; doctor: string[] }> {
  const answer = await server.ask('/health/ready')
  const { status } = answer
  const { checks } = answer.json<{ checks: Record<string, string> }>()
  const ready = Object.keys(checks).filter((name) => checks[name] !== 'ok')
  expect(status).toBe(ready.length === 0 ? 200 : 503)
  const said = await cardeaHere(['doctor', '--json'], { env })
  const doctor = (said.json() as Findings).findings.filter(({ ok }) => !ok).map(({ what }) => what)
  return { ready, doctor }
}

/** Both, with something broken, and after it was mended. */
async function brokenBy(sql: string, mend: string): Promise<Awaited<ReturnType<typeof bothSay>>> {
  await database.pool.query(sql)
  try {
    return await bothSay()
  } finally {
    await database.pool.query(mend)
  }
}

test('the doctor and /health/ready agree that all is well', async () => {
  expect(await bothSay()).toEqual({ ready: [], doctor: [] })
})

test('both say that the schema is not up to date', async () => {
  const last = `(SELECT max(migration_name) FROM _prisma_migrations)`
  expect(
    await brokenBy(
      `CREATE TABLE kept AS SELECT * FROM _prisma_migrations WHERE migration_name = ${last};
       DELETE FROM _prisma_migrations WHERE migration_name = ${last}`,
      'INSERT INTO _prisma_migrations SELECT * FROM kept; DROP TABLE kept',
    ),
  ).toEqual({ ready: ['migrations'], doctor: ['migrations', 'server'] })
})

test("both say that the queue's schema is not there", async () => {
  expect(
    await brokenBy(
      'ALTER SCHEMA graphile_worker RENAME TO elsewhere',
      'ALTER SCHEMA elsewhere RENAME TO graphile_worker',
    ),
  ).toEqual({ ready: ['queue'], doctor: ['queue', 'server'] })
})

test('both say that the database takes no writes (FT-01)', async () => {
  const others = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
  const name = new URL(env['DATABASE_URL'] ?? '').pathname.slice(1)
  const set = (to: string) =>
    `SET default_transaction_read_only = off; ALTER DATABASE "${name}" SET default_transaction_read_only = ${to}; ${others}`
  const said = await brokenBy(set('on'), set('off'))
  // Another check may have met a connection that was just ended.
  expect(said.ready).toContain('database')
  expect(said.doctor).toEqual(['database', 'server'])
})
