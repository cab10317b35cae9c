import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { sweepBatch } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { connectDatabase } from '../../../src/db/index.ts'
import { counterKey, defaultThrottlePolicy, reserveAttempt, usersSweeps } from '../../../src/users/index.ts'
import { createTestDatabase } from '../../support/database.ts'

// Times go to the database as their UTC digits, without a zone. Read in the zone of a server far from Greenwich they were hours off what
// its own clock says: counters of wrong passwords were swept a minute after they had begun.
const timeouts = { connectTimeoutMs: 5000, statementTimeoutMs: 5000, lockTimeoutMs: 5000 }
let drop: () => Promise<void>
const databases: Database[] = []

beforeAll(async () => {
  const made = await createTestDatabase()
  drop = made.drop
  const client = new pg.Client({ connectionString: made.url })
  await client.connect()
  await client.query(`ALTER DATABASE ${new URL(made.url).pathname.slice(1)} SET timezone = 'Asia/Kolkata'`)
  await client.end()
  const own = new URL(made.url)
  own.searchParams.set('options', '-c work_mem=5MB')
  const ways = [{ url: made.url }, { url: own.href }, { url: made.url, lentByTransaction: true }]
  for (const way of ways)
    databases.push(connectDatabase({ poolMax: 2, ...timeouts, idleInTransactionTimeoutMs: 5000, ...way }))
})
afterAll(async () => {
  for (const database of databases) await database.close()
  await drop()
})

test.each([0, 1, 2])(
  'a database whose clock shows another zone keeps what has not expired, and tells times as they are (TH-02): %#',
  async (nth) => {
    const { prisma, pool } = databases[nth] as Database
    expect((await pool.query<{ TimeZone: string }>('SHOW TimeZone')).rows).toEqual([{ TimeZone: 'UTC' }])
    if (nth === 1) expect((await pool.query('SHOW work_mem')).rows).toEqual([{ work_mem: '5MB' }])
    const key = counterKey('password.account', `somebody${nth}@example.com`)
    const at = new Date()
    await reserveAttempt(prisma, [{ key, policy: defaultThrottlePolicy.password.account }], at)
    for (const sweep of usersSweeps) await sweepBatch(prisma, sweep, { limit: 100 })
    expect(await prisma.attemptCounter.count({ where: { key } })).toBe(1)
    const [row] = await prisma.$queryRaw<{ apart: number }[]>`
      SELECT abs(extract(epoch FROM ${at}::timestamptz - now()))::float8 AS apart`
    expect(row?.apart).toBeLessThan(60)
  },
)
