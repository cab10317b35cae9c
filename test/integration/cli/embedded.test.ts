import { existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { connectDatabase, joinEmbeddedPostgres, startEmbeddedPostgres } from '../../../src/db/index.ts'
import { listUsers } from '../../../src/users/index.ts'
import { cardea, cardeaHere } from './command.ts'

// Not yet there: made by the command, it is open to the user the database runs as.
const dir = fileURLToPath(new URL(`../../../.cache/cli-${process.pid}`, import.meta.url))
const env = { CARDEA_DATA_DIR: dir }
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const isRunning = () => existsSync(path.join(dir, 'data', 'postmaster.pid'))

test('without DATABASE_URL a verb starts the development database for as long as it takes', async () => {
  const created = await cardea(['user', 'create', 'ada@example.com', '--generate-password', '--json'], {
    env,
  })
  expect(created.code).toBe(0)
  expect(created.stderr).toBe(`On the embedded database in ${dir}\n`)
  expect(isRunning()).toBe(false)
  expect(readdirSync(dir)).not.toContain('owner')
})

async function hoursPass(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    SET session_replication_role = replica;
    UPDATE audit_events SET at = at - interval '3 hours'`)
  await client.end()
}

test('while a server runs on it, a verb uses its database and leaves it running', async () => {
  const running = await startEmbeddedPostgres({ dir, fsync: false })
  try {
    const created = await cardea(['user', 'create', 'eve@example.com', '--generate-password'], { env })
    expect(created.code).toBe(0)
    expect(await emails(running.url)).toEqual(['ada@example.com', 'eve@example.com'])
    // What no server has sealed for hours is no fault before one runs: it would keep the one from starting that seals it.
    await hoursPass(running.url)
    const doctor = await cardeaHere(['doctor', '--before-start'], { env })
    const whole = await cardeaHere(['doctor'], { env })
    expect(whole.stdout).toContain('BAD   audit')
    expect(doctor).toMatchObject({ code: 0, stdout: expect.stringContaining('development mode') })
    expect(isRunning()).toBe(true)
  } finally {
    await running.stop()
  }
  expect(isRunning()).toBe(false)
})

test('a database that is just being started is waited for', async () => {
  const starting = startEmbeddedPostgres({ dir, fsync: false })
  while (!readdirSync(dir).includes('owner')) await sleep(1)
  expect(isRunning()).toBe(false)
  const joined = await joinEmbeddedPostgres({ dir })
  const running = await starting
  try {
    expect(joined.url).toBe(running.url)
    await joined.leave()
    expect(await emails(running.url)).toHaveLength(2)
  } finally {
    await running.stop()
  }
})

async function emails(url: string): Promise<string[]> {
  const ms = 3000
  const database = connectDatabase({
    ...{ url, poolMax: 2, connectTimeoutMs: ms, statementTimeoutMs: ms },
    ...{ lockTimeoutMs: ms, idleInTransactionTimeoutMs: ms },
  })
  try {
    return (await listUsers(database.prisma, { limit: 10 })).users.map(({ email }) => email)
  } finally {
    await database.close()
  }
}
