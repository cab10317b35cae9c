import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Database } from '../../../src/db/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { connect, failureOf } from './connection.ts'

let database: Database
let drop: () => Promise<void>
beforeAll(async () => {
  const made = await createTestDatabase()
  drop = made.drop
  database = connect(made.url, { poolMax: 1, connectTimeoutMs: 4000, statementTimeoutMs: 5000 })
})
afterAll(async () => {
  await database.close()
  await drop()
})

const ask = () => database.pool.query('SELECT 1')
const throughPrisma = () => database.prisma.$queryRaw`SELECT 1`

test('nobody joins a line that does not move: refused at once as storage trouble, and taken in when it moves again (FT-05)', async () => {
  const { pool } = database
  await throughPrisma()
  // Those before took a connection for longer than is worth waiting for.
  const slow = pool.query('SELECT pg_sleep(2.2)')
  const waited = [ask(), pool.query('SELECT pg_sleep(1.2)'), ask()]
  await slow
  await waited[0]
  expect(pool.waitingCount).toBe(1)
  for (const late of [ask, throughPrisma, () => pool.connect()]) {
    const failed = await failureOf(late)
    expect(failed).toMatchObject({ trouble: true })
    expect(failed.ms).toBeLessThan(2000)
  }
  await Promise.all(waited)
  expect((await ask()).rowCount).toBe(1)
  expect(await throughPrisma()).toHaveLength(1)
})

test('a line that did not move is forgotten with its last one: a crowd after it is let in (FT-05)', async () => {
  const { pool } = database
  const [slow, waited] = [pool.query('SELECT pg_sleep(2.2)'), ask()]
  await Promise.all([slow, waited])
  expect(await Promise.all(Array.from({ length: 20 }, ask))).toHaveLength(20)
})

test('a line that moves may be as long as it likes (FT-04)', async () => {
  const answers = await Promise.all(Array.from({ length: 500 }, ask))
  expect(answers).toHaveLength(500)
  await sleep(0)
  expect(database.pool.waitingCount).toBe(0)
})
