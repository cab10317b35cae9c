import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { connectDatabase, sweepBatch } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { sweeping } from '../../../src/jobs/index.ts'
import { oidcSweeps } from '../../../src/oidc/index.ts'
import { sweeps } from '../../../src/wiring/sweeps.ts'
import { createTestDatabase } from '../../support/database.ts'

/** Tables that nothing is swept from, and why they stay small or are kept. */
const unswept: Record<string, string> = {
  users: 'people',
  recovery_codes: 'ten a person',
  passkeys: 'a few a person',
  stuffing_watch: 'one row',
  queue_workers: 'a row a process; those of dead ones are removed by the others',
  webhook_endpoints: 'made by operators',
  broker_relay: 'one row',
  ssf_streams: 'made by clients, a few each',
  ssf_subjects: 'added and removed by the streams’ owners',
  themes: 'one a client',
  clients: 'made by operators',
  client_logos: 'one a client',
  scope_words: 'made by operators',
  resource_servers: 'made by operators',
  consents: 'one a person and client',
  consent_receipts: 'kept for the person, fifty of one client at most',
  server_state: 'one row',
  cutoffs: 'one a person and client',
  revocations: 'kept as receipts',
  signing_keys: 'a few a year',
  audit_events: 'has a retention of its own (audit/retention.test.ts)',
  audit_links: 'goes with its events',
  audit_checkpoints: 'goes with its events',
  audit_chain: 'one row',
}

let first: Database
let second: Database
let drop: () => Promise<void>
beforeAll(async () => {
  const made = await createTestDatabase()
  drop = made.drop
  const options = {
    ...{ url: made.url, poolMax: 4, connectTimeoutMs: 5000, statementTimeoutMs: 20_000 },
    ...{ lockTimeoutMs: 5000, idleInTransactionTimeoutMs: 20_000 },
  }
  first = connectDatabase(options)
  second = connectDatabase(options)
})
afterAll(async () => {
  await Promise.all([first.close(), second.close()])
  await drop()
})
beforeEach(async () => {
  await first.pool.query('DELETE FROM tokens')
})

const tokens = oidcSweeps.find(({ table }) => table === 'tokens')
if (!tokens) throw new Error('tokens are not swept')

/** Tokens that expired as many minutes ago as their number says, and one minute more. */
async function addExpired(count: number): Promise<void> {
  await first.pool.query(
    `INSERT INTO tokens (digest, kind, payload, expires_at)
     SELECT sha256(convert_to('token ' || n, 'UTF8')), 'AccessToken', '{}', now() - make_interval(mins => n + 1)
     FROM generate_series(1, $1::int) n`,
    [count],
  )
}

async function count(): Promise<number> {
  return first.prisma.token.count()
}

describe('every table', () => {
  test('is swept, or is known to stay small (FT-17)', async () => {
    const { rows } = await first.pool.query<{ table_name: string; expires: boolean }>(
      `SELECT t.table_name, EXISTS (
         SELECT FROM information_schema.columns c
         WHERE c.table_schema = 'public' AND c.table_name = t.table_name AND c.column_name = 'expires_at') AS expires
       FROM information_schema.tables t
       WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND t.table_name NOT LIKE '\\_%'`,
    )
    const swept = new Set(sweeps.map(({ table }) => table))
    const forgotten = rows.filter(({ table_name: table }) => !swept.has(table) && !(table in unswept))
    expect(forgotten.map(({ table_name: table }) => table)).toEqual([])
    expect(rows.filter(({ expires, table_name: table }) => expires && table in unswept)).toEqual([])
    expect([...swept].filter((table) => table in unswept)).toEqual([])
    expect(rows.length).toBeGreaterThan(30)
  })

  test.each(sweeps.map((sweep) => ({ ...sweep })))(
    'is swept by an index, without looking through it or sorting: $table (FT-17)',
    async ({ statement, oldest }) => {
      const client = await first.pool.connect()
      try {
        await client.query('BEGIN')
        // Small tables are read as a whole; what is left to a planner that is denied it tells what a large one gets.
        await client.query('SET LOCAL enable_seqscan = off')
        await client.query('SET LOCAL enable_sort = off')
        await client.query('SET LOCAL enable_bitmapscan = off')
        const planOf = async (asked: string) => {
          const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS off) ${asked}`)
          return rows.map((row) => row['QUERY PLAN'])
        }
        const plan = await planOf(statement.replace('$1', '1000').replace('$2', 'NULL'))
        const search = plan.slice(plan.indexOf('  CTE old'), plan.indexOf('  CTE gone')).join('\n')
        // How late it is, is looked up each minute in every process.
        for (const found of [search, (await planOf(oldest)).join('\n')]) {
          expect(found).toMatch(/Index (Only )?Scan/)
          expect(found).not.toMatch(/Seq Scan|Sort/)
        }
      } finally {
        await client.query('ROLLBACK')
        client.release()
      }
    },
  )
})

describe('a batch', () => {
  test('is bounded, and takes the oldest first (FT-17)', async () => {
    await addExpired(10)
    const { found, reached } = await sweepBatch(first.prisma, tokens, { limit: 4 })
    expect([found, await count()]).toEqual([4, 6])
    const { rows } = await first.pool.query<{ oldest: Date }>('SELECT min(expires_at) AS oldest FROM tokens')
    expect(rows[0]?.oldest.getTime()).toBeGreaterThan(reached?.getTime() ?? Infinity)
  })

  test('begins where the last one ended, and not with what that removed', async () => {
    await addExpired(10)
    const { reached } = await sweepBatch(first.prisma, tokens, { limit: 4 })
    await first.pool.query(
      `INSERT INTO tokens (digest, kind, payload, expires_at) VALUES ('\\x00', 'AccessToken', '{}', now() - interval '1 year')`,
    )
    expect(await sweepBatch(first.prisma, tokens, { limit: 10, from: reached })).toMatchObject({ found: 6 })
    expect(await count()).toBe(1)
    expect(await sweepBatch(first.prisma, tokens, { limit: 10 })).toMatchObject({ found: 1 })
  })

  test('leaves what was used or revoked and has not expired, so that a replay is recognised (RT-09)', async () => {
    await addExpired(3)
    await first.pool.query(`UPDATE tokens SET consumed_at = now() - interval '1 day'`)
    await first.pool.query(
      `INSERT INTO tokens (digest, kind, payload, consumed_at, revoked_at, expires_at)
       SELECT sha256(convert_to(kind || late, 'UTF8')), kind, '{}', now() - interval '10 days',
         CASE late WHEN 1 THEN now() - interval '9 days' END, now() + make_interval(secs => late * 100 - 30)
       FROM unnest(ARRAY['AuthorizationCode', 'RefreshToken', 'AccessToken']) kind, generate_series(0, 1) late`,
    )
    expect(await sweepBatch(first.prisma, tokens, { limit: 100 })).toMatchObject({ found: 3 })
    const left = await first.prisma.token.findMany({ select: { kind: true, consumedAt: true } })
    expect(left).toHaveLength(6)
    expect(left.every(({ consumedAt }) => consumedAt !== null)).toBe(true)
  })

  test('passes over rows that a request holds, and gets them the next time (FT-17)', async () => {
    await addExpired(5)
    const client = await second.pool.connect()
    try {
      await client.query('BEGIN')
      await client.query('SELECT FROM tokens ORDER BY expires_at LIMIT 2 FOR UPDATE')
      expect(await sweepBatch(first.prisma, tokens, { limit: 100 })).toMatchObject({ found: 3 })
      expect(await count()).toBe(2)
    } finally {
      await client.query('ROLLBACK')
      client.release()
    }
    expect(await sweepBatch(first.prisma, tokens, { limit: 100 })).toMatchObject({ found: 2 })
  })

  test('leaves a row that was given more time while it was being looked at', async () => {
    await addExpired(2)
    const client = await second.pool.connect()
    try {
      await client.query('BEGIN')
      await client.query(
        `UPDATE tokens SET expires_at = now() + interval '1 hour' WHERE expires_at = (SELECT min(expires_at) FROM tokens)`,
      )
      expect(await sweepBatch(first.prisma, tokens, { limit: 100 })).toMatchObject({ found: 1 })
      await client.query('COMMIT')
    } finally {
      client.release()
    }
    expect(await sweepBatch(first.prisma, tokens, { limit: 100 })).toMatchObject({ found: 0 })
    expect(await count()).toBe(1)
  })
})

describe('a round', () => {
  const round = (on: Database, signal = new AbortController().signal) =>
    sweeping(on, sweeps).run({}, { jobId: '1', attempt: 1, stopping: signal, signal })

  test('goes on until a backlog of many batches is gone', async () => {
    await addExpired(3000)
    await round(first)
    expect(await count()).toBe(0)
  })

  test('of two instances at once removes everything, and neither waits for the other (FT-17)', async () => {
    await addExpired(3000)
    await Promise.all([round(first), round(second)])
    expect(await count()).toBe(0)
  })

  test('in which one table cannot be swept sweeps all others, and fails (FT-17)', async () => {
    await addExpired(3000)
    const broken = {
      table: 'none',
      oldest: '',
      statement: 'SELECT $1::int / 0 AS found, $2::timestamptz AS reached',
    }
    const { signal } = new AbortController()
    const work = sweeping(first, [broken, ...sweeps])
    await expect(work.run({}, { jobId: '1', attempt: 1, stopping: signal, signal })).rejects.toThrow(
      'division by zero',
    )
    expect(await count()).toBe(0)
  })

  test('removes nothing more once the process is told to stop', async () => {
    await addExpired(3)
    await round(first, AbortSignal.abort())
    expect(await count()).toBe(3)
  })
})
