// One PostgreSQL for the whole run: TEST_DATABASE_URL (the URL of a superuser), or an embedded one in .cache. On it a
// migrated template, from which createTestDatabase() makes each test file its own database.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { EmbeddedPostgresError } from '../../src/db/embedded/errors.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/db/embedded/start.ts'
import { migrate } from '../../src/db/migrations/migrate.ts'
import { installQueue } from '../../src/queue/install.ts'
import { dropDatabases } from './test-server.ts'

const PREFIX = 'cardea_test_'
/** How many test runs may be under way in one checkout. */
const SLOTS = 8

export default async function globalSetup(): Promise<void> {
  const server = process.env.TEST_DATABASE_URL ? null : await startOwnServer()
  const admin = process.env.TEST_DATABASE_URL ?? server?.url ?? ''
  const run = `${PREFIX}${process.pid}_${randomBytes(3).toString('hex')}`
  const template = `${run}_template`
  globalThis.testServer = { server, admin, run }
  // What a killed run left behind; a server that others use too is not ours to sweep.
  if (server) await dropDatabases(admin, PREFIX)
  const client = new pg.Client({ connectionString: admin })
  await client.connect()
  await client.query(`CREATE DATABASE ${template}`)
  await client.end()
  await migrate(new URL(`/${template}`, admin).href)
  await withQueue(new URL(`/${template}`, admin).href)
  Object.assign(process.env, { TEST_ADMIN_URL: admin, TEST_TEMPLATE: template, TEST_RUN: run })
}

async function withQueue(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  await installQueue(pool)
  await pool.end()
}

/** Another run in the same checkout holds its folder: take the next one. */
async function startOwnServer(): Promise<EmbeddedPostgres> {
  for (let slot = 1; ; slot++) {
    try {
      return await startEmbeddedPostgres({ dir: `.cache/test-postgres/${slot}`, fsync: false })
    } catch (error) {
      const taken = error instanceof EmbeddedPostgresError && error.code === 'held_by_another'
      if (!taken || slot === SLOTS) throw error
    }
  }
}
