import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { isRetryable, isUniqueViolation, type Database, type Tx } from '../../../src/db/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { connect, failureOf } from './connection.ts'

let db: Database
let drop: () => Promise<void>

beforeAll(async () => {
  const made = await createTestDatabase()
  drop = made.drop
  db = connect(made.url, { lockTimeoutMs: 3000, statementTimeoutMs: 3000 })
})
afterAll(async () => {
  await db.close()
  await drop()
})

const emails = async () =>
  (await db.prisma.user.findMany({ orderBy: { email: 'asc' } })).map((user) => user.email)

test('keeps everything a transaction wrote, or nothing (rule 3)', async () => {
  await db.transaction(async (tx) => {
    await tx.user.create({ data: { email: 'kept@example.com' } })
  })
  const lost = db.transaction(async (tx) => {
    await tx.user.create({ data: { email: 'lost@example.com' } })
    throw new Error('on second thoughts')
  })
  await expect(lost).rejects.toThrow('on second thoughts')
  expect(await emails()).toEqual(['kept@example.com'])
})

test('runs Prisma and our own statements over one pool', async () => {
  const before = db.pool.totalCount
  await Promise.all([db.prisma.user.count(), db.pool.query('SELECT 1')])
  expect(db.pool.totalCount).toBeGreaterThan(0)
  expect(db.pool.totalCount).toBeLessThanOrEqual(Math.max(before, 2))
  const { rows } = await db.pool.query(
    'SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database()',
  )
  expect(rows).toEqual([{ n: db.pool.totalCount }])
})

test('runs a transaction again after a deadlock, until both are through (FT-29)', async () => {
  await db.prisma.user.createMany({ data: [{ email: 'a@example.com' }, { email: 'b@example.com' }] })
  let runs = 0
  let arrived = 0
  const bothHoldOne = Promise.withResolvers<undefined>()
  const rename = (first: string, second: string) =>
    db.transaction(async (tx) => {
      runs++
      await tx.user.update({ where: { email: first }, data: { name: first } })
      if (++arrived === 2) bothHoldOne.resolve(undefined)
      await bothHoldOne.promise
      await tx.user.update({ where: { email: second }, data: { name: first } })
    })
  await Promise.all([rename('a@example.com', 'b@example.com'), rename('b@example.com', 'a@example.com')])
  expect(runs).toBe(3)
})

const fail = (sqlstate: string) => async (tx: Tx) => {
  await tx.$executeRawUnsafe(
    `DO $$ BEGIN RAISE EXCEPTION 'made to fail' USING ERRCODE = '${sqlstate}'; END $$`,
  )
}

test.each(['40001', '40P01'])(
  'gives up after three retries of %s, as storage trouble (FT-29)',
  async (sqlstate) => {
    let runs = 0
    const { error, trouble } = await failureOf(() =>
      db.transaction((tx) => {
        runs++
        return fail(sqlstate)(tx)
      }),
    )
    expect(runs).toBe(4)
    expect(isRetryable(error)).toBe(true)
    expect(trouble).toBe(true)
  },
)

test.each([
  ['a full disk', '53100', true],
  ['a failing disk', '58030', true],
  ['a violated check', '23514', false],
])('runs a transaction once when %s ends it (FT-16)', async (_, sqlstate, trouble) => {
  let runs = 0
  const failure = await failureOf(() =>
    db.transaction((tx) => {
      runs++
      return fail(sqlstate)(tx)
    }),
  )
  expect(runs).toBe(1)
  expect(failure.trouble).toBe(trouble)
})

test('tells a unique violation from storage trouble, through Prisma and without (FT-32)', async () => {
  await db.prisma.user.create({ data: { email: 'taken@example.com' } })
  const viaPrisma = await failureOf(() => db.prisma.user.create({ data: { email: 'taken@example.com' } }))
  const inTransaction = await failureOf(() =>
    db.transaction((tx) => tx.user.create({ data: { email: 'taken@example.com' } })),
  )
  const viaPool = await failureOf(() =>
    db.pool.query("INSERT INTO recovery_codes SELECT '\\x00', id FROM users"),
  )
  for (const { error, trouble } of [viaPrisma, inTransaction, viaPool]) {
    expect(isUniqueViolation(error)).toBe(true)
    expect(trouble).toBe(false)
  }
})
