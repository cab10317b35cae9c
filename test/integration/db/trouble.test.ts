// What happens to queries when the server is gone, slow, busy, full or frozen. It has a server of its own to torment.
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  isStorageTrouble,
  migrate,
  startEmbeddedPostgres,
  type Database,
  type DatabaseOptions,
  type EmbeddedPostgres,
} from '../../../src/db/index.ts'
import { connect, failureOf, limits } from './connection.ts'
import { enterableFolder } from './folder.ts'
import { forward } from './forwarder.ts'

let dir: string
let server: EmbeddedPostgres
let db: Database
let reported: Error[]

beforeAll(async () => {
  dir = await enterableFolder()
  server = await startEmbeddedPostgres({ dir: path.join(dir, 'postgres'), fsync: false })
  await migrate(server.url)
})
afterAll(async () => {
  await server.stop()
  await rm(dir, { recursive: true })
})
beforeEach(() => {
  reported = []
  db = connect(server.url, { onError: (error) => reported.push(error) })
})
afterEach(async () => {
  await db.close()
})

/** The three ways to the database, each with a statement that runs `sql`. */
const ways = (sql: string, on?: Database): [string, () => Promise<unknown>][] => [
  ['our own statement', () => (on ?? db).pool.query(sql)],
  ['Prisma', () => (on ?? db).prisma.$queryRawUnsafe(sql)],
  ['a transaction', () => (on ?? db).transaction((tx) => tx.$queryRawUnsafe(sql))],
]

/** Sends a signal to the processes that serve our connections. */
async function signalBackends(signal: NodeJS.Signals): Promise<void> {
  const other = connect(server.url, { poolMax: 1 })
  const { rows } = await other.pool.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'cardea' AND pid <> pg_backend_pid()",
  )
  await other.close()
  for (const { pid } of rows) process.kill(pid, signal)
}

async function terminateBackends(): Promise<void> {
  const other = connect(server.url, { poolMax: 1 })
  await other.pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cardea' AND pid <> pg_backend_pid()",
  )
  await other.close()
}

test('needs no server to start with, and recovers when one comes, goes and comes again (FT-01, FT-02)', async () => {
  const target = Number(new URL(server.url).port)
  const first = await forward(target)
  await first.stop()
  const url = new URL(server.url)
  url.port = String(first.port)
  const other = connect(url.href)
  const calls = [
    () => other.pool.query('SELECT 1'),
    () => other.prisma.user.count(),
    () => other.transaction((tx) => tx.user.count()),
  ]
  for (let round = 0; round < 2; round++) {
    for (const call of calls) expect(await failureOf(call)).toMatchObject({ trouble: true })
    const path = await forward(target, first.port)
    for (const call of calls) await call()
    await path.stop()
  }
  await other.close()
})

test('gives up a statement at its time limit, on every way (FT-03, M18)', async () => {
  for (const [way, call] of ways('SELECT pg_sleep(5)::text')) {
    const { trouble, error } = await failureOf(call)
    expect({ way, trouble }).toEqual({ way, trouble: true })
    // The server's own limit, so that it stops working on it, too.
    expect(String(error)).toContain('statement timeout')
  }
  expect(await db.prisma.user.count()).toBe(0)
})

test('gives up waiting for a lock before the statement limit (FT-03)', async () => {
  await once(
    (other) =>
      other.transaction(async (holder) => {
        await holder.$executeRaw`LOCK TABLE users`
        for (const [way, call] of ways('SELECT count(*) FROM users')) {
          const { trouble, error } = await failureOf(call)
          expect({ way, trouble }).toEqual({ way, trouble: true })
          expect(String(error)).toContain('lock timeout')
        }
      }),
    { idleInTransactionTimeoutMs: 5000 },
  )
})

test('gives up waiting for a connection when all are taken (FT-05)', async () => {
  await once(
    async (full) => {
      const taken = await Promise.all(Array.from({ length: limits.poolMax }, () => full.pool.connect()))
      const failures = await Promise.all(ways('SELECT 1', full).map(([, call]) => failureOf(call)))
      for (const { trouble, ms } of failures) {
        expect(trouble).toBe(true)
        expect(ms).toBeLessThan(3000)
      }
      for (const client of taken) client.release()
      await Promise.all(ways('SELECT 1', full).map(([, call]) => call()))
      expect(full.pool.waitingCount).toBe(0)
    },
    { connectTimeoutMs: 1000 },
  )
})

test('ends a transaction that sits idle too long (FT-03)', async () => {
  const { trouble } = await failureOf(() =>
    db.transaction(async (tx) => {
      await tx.user.create({ data: { email: 'idle@example.com' } })
      await new Promise((resolve) => setTimeout(resolve, limits.idleInTransactionTimeoutMs + 200))
      await tx.user.count()
    }),
  )
  expect(trouble).toBe(true)
  expect(await db.prisma.user.count()).toBe(0)
})

test('survives the loss of idle connections and reports it', async () => {
  await Promise.all([db.pool.query('SELECT 1'), db.pool.query('SELECT 1')])
  await terminateBackends()
  await until(() => reported.length === 2)
  expect(reported.every((error) => isStorageTrouble(error))).toBe(true)
  expect(await db.prisma.user.count()).toBe(0)
})

test('survives the loss of a connection between two statements of a transaction (FT-02)', async () => {
  const { trouble } = await failureOf(() =>
    db.transaction(async (tx) => {
      await tx.user.create({ data: { email: 'cut@example.com' } })
      await terminateBackends()
      await tx.user.count()
    }),
  )
  expect(trouble).toBe(true)
  const borrowed = await db.pool.connect()
  await borrowed.query('SELECT 1')
  await terminateBackends()
  expect(await failureOf(() => borrowed.query('SELECT 1'))).toMatchObject({ trouble: true })
  borrowed.release()
  await until(() => db.pool.totalCount === 0)
  expect(await db.prisma.user.count()).toBe(0)
})

test('never lends out a connection that came back inside a transaction', async () => {
  const careless = await db.pool.connect()
  await careless.query("BEGIN; INSERT INTO attempt_counters VALUES ('half', 1, NULL, now())")
  careless.release()
  await db.pool.query("INSERT INTO attempt_counters VALUES ('whole', 1, NULL, now())")
  const { rows } = await once((other) => other.pool.query('SELECT key FROM attempt_counters'))
  expect(rows).toEqual([{ key: 'whole' }])
})

describe('when the server freezes (FT-03)', () => {
  /** One wait for an answer (1.3 s) and what a busy machine may add, but less than two. */
  const patience = 2500

  afterEach(() => signalBackends('SIGCONT'))

  test.each(ways('SELECT 1').map(([way]) => way))('gives up %s', async (name) => {
    await db.pool.query('SELECT 1')
    await signalBackends('SIGSTOP')
    const call = new Map(ways('SELECT 1')).get(name)
    const { trouble, ms } = await failureOf(() => call?.() ?? Promise.resolve())
    expect(trouble).toBe(true)
    expect(ms).toBeLessThan(patience)
    expect(await db.prisma.user.count()).toBe(0)
  })

  test('gives up a transaction that had begun, without a second wait, and keeps nothing of it', async () => {
    const { trouble, ms } = await failureOf(() =>
      db.transaction(async (tx) => {
        await tx.user.create({ data: { email: 'frozen@example.com' } })
        await signalBackends('SIGSTOP')
        await tx.user.count()
      }),
    )
    expect(trouble).toBe(true)
    expect(ms).toBeLessThan(patience)
    await signalBackends('SIGCONT')
    await db.prisma.user.create({ data: { email: 'later@example.com' } })
    const users = await once((other) => other.prisma.user.findMany({ select: { email: true } }))
    expect(users).toEqual([{ email: 'later@example.com' }])
    await db.prisma.user.deleteMany()
  })

  test('closes within the limits all the same, a forgotten connection or not (FT-08)', async () => {
    const [, forgotten] = await Promise.all([db.prisma.user.count(), db.pool.connect()])
    await signalBackends('SIGSTOP')
    const start = performance.now()
    await db.close()
    expect(performance.now() - start).toBeLessThan(patience)
    expect(forgotten.connection.stream.destroyed).toBe(true)
  })
})

test('reads but does not write while the database is read-only (FT-16)', async () => {
  await db.pool.query('ALTER ROLE postgres SET default_transaction_read_only = on')
  try {
    await once(async (other) => {
      expect(await other.prisma.user.count()).toBe(0)
      const create = () => other.prisma.user.create({ data: { email: 'late@example.com' } })
      expect(await failureOf(create)).toMatchObject({ trouble: true })
    })
  } finally {
    await db.pool.query('ALTER ROLE postgres RESET default_transaction_read_only')
  }
})

/** Works on connections of its own. */
async function once<T>(
  work: (other: Database) => Promise<T>,
  overrides: Partial<DatabaseOptions> = {},
): Promise<T> {
  const other = connect(server.url, overrides)
  try {
    return await work(other)
  } finally {
    await other.close()
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10))
}
