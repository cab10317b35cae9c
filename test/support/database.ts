import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { connectDatabase } from '../../src/db/index.ts'
import type { Database } from '../../src/db/index.ts'

/** Any number will do that nobody else uses on the admin database. */
const CLONING = 4_201

/** A new database with all migrations applied and nothing in it. Dropped with the run if not before. */
export async function createTestDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const { TEST_ADMIN_URL: admin, TEST_TEMPLATE: template, TEST_RUN: run } = process.env
  if (!admin || !template || !run)
    throw new Error('The test server is not set up: run the tests with `npm run jest`.')
  const name = `${run}_${randomBytes(5).toString('hex')}`
  await asAdmin(admin, async (client) => {
    // PostgreSQL clones a database only while nobody else is using it, a second cloner included.
    await client.query('SELECT pg_advisory_lock($1)', [CLONING])
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  })
  const drop = () =>
    asAdmin(admin, async (client) => {
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    })
  return { url: new URL(`/${name}`, admin).href, drop }
}

/** The same, with a pool of ours to it whose every wait ends after five seconds. `close` ends both. */
export async function openTestDatabase({
  poolMax,
}: {
  poolMax: number
}): Promise<{ url: string; database: Database; close: () => Promise<void> }> {
  const { url, drop } = await createTestDatabase()
  const database = connectDatabase({
    ...{ url, poolMax, connectTimeoutMs: 5000, statementTimeoutMs: 5000 },
    ...{ lockTimeoutMs: 5000, idleInTransactionTimeoutMs: 5000 },
  })
  const close = async () => {
    await database.close()
    await drop()
  }
  return { url, database, close }
}

async function asAdmin(admin: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: admin })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
