import { randomBytes, randomUUID } from 'node:crypto'
import { createSealer } from '../../../src/crypto/index.ts'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import {
  createPasswordHasher,
  createUser,
  defaultThrottlePolicy,
  knowBrowser,
} from '../../../src/users/index.ts'
import type { PasswordHasher, ThrottlePolicy, User } from '../../../src/users/index.ts'
import { createTestDatabase } from '../../support/database.ts'

export const PASSWORD = 'correct horse battery staple'

/** A users room on a database of its own, seen by two instances, with a clock that the test turns. */
export type Room = {
  url: string
  /** Two instances, each with a connection pool of its own. */
  databases: readonly [Database, Database]
  database: Database
  sealer: ReturnType<typeof createSealer>
  hasher: PasswordHasher
  keys: readonly Buffer[]
  now: () => Date
  turnClock: (seconds: number) => void
  addUser(input?: { email?: string; password?: string | null; disabled?: boolean }): Promise<User>
  /** The cookie of a browser that is known for the user. */
  addBrowser(userId: string): Promise<string>
  /** The types of the audit events about a user, oldest first. */
  events(userId: string | null): Promise<string[]>
  close(): Promise<void>
}

export async function openRoom(): Promise<Room> {
  const testDatabase = await createTestDatabase()
  const { url } = testDatabase
  const connect = () =>
    connectDatabase({
      url,
      poolMax: 10,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 10_000,
      lockTimeoutMs: 10_000,
      idleInTransactionTimeoutMs: 10_000,
    })
  const databases = [connect(), connect()] as const
  const [database] = databases
  const hasher = createPasswordHasher({ concurrency: 2, queue: 300 })
  const passwordHash = await hasher.hash(PASSWORD)
  let time = Date.parse('2026-11-21T12:00:10Z')

  return {
    url,
    databases,
    database,
    sealer: createSealer([randomBytes(32)]),
    hasher,
    keys: [randomBytes(32)],
    now: () => new Date(time),
    turnClock: (seconds) => void (time += seconds * 1000),
    async addUser({ email = `${randomUUID()}@example.test`, password = PASSWORD, disabled = false } = {}) {
      const hash =
        password === PASSWORD ? passwordHash : password === null ? null : await hasher.hash(password)
      const created = await createUser(database.prisma, { email, passwordHash: hash })
      if (!created.ok) throw new Error(created.reason)
      const { id } = created.user
      if (disabled) await database.prisma.user.update({ where: { id }, data: { disabledAt: new Date() } })
      return created.user
    },
    addBrowser: (userId) => database.transaction(async (tx) => (await knowBrowser(tx, { userId })).token),
    async events(userId) {
      const rows = await database.prisma.auditEvent.findMany({ where: { userId }, orderBy: { id: 'asc' } })
      return rows.map(({ type }) => type)
    },
    async close() {
      await Promise.all(databases.map((each) => each.close()))
      await testDatabase.drop()
    },
  }
}

/** Opens all connections of both pools, then starts all tasks in the same turn of the event loop. */
export async function race<T>(
  room: Room,
  count: number,
  task: (nth: number, database: Database) => Promise<T>,
) {
  await Promise.all(
    room.databases.flatMap(({ prisma }) =>
      Array.from({ length: 10 }, () => prisma.$queryRaw`SELECT 1 AS warm FROM pg_sleep(0.02)`),
    ),
  )
  let start: () => void = () => undefined
  const barrier = new Promise<void>((resolve) => (start = resolve))
  const tasks = Array.from({ length: count }, async (_, nth) => {
    await barrier
    return task(nth, room.databases[nth % 2 === 0 ? 0 : 1])
  })
  start()
  return Promise.all(tasks)
}

/** The shipped policy with smaller limits, where reaching the shipped ones would take hundreds of hashes. */
export function withLimits(limits: { account?: number; network?: number }): ThrottlePolicy {
  const { password } = defaultThrottlePolicy
  const account = { ...password.account, limit: limits.account ?? password.account.limit }
  const network = { ...password.network, limit: limits.network ?? password.network.limit }
  return { ...defaultThrottlePolicy, password: { ...password, account, network } }
}
