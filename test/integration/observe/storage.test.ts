import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { record, sealAll } from '../../../src/audit/index.ts'
import { examineRotation } from '../../../src/cli/doctor-keys.ts'
import { createSealer } from '../../../src/crypto/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { createMetrics } from '../../../src/http/index.ts'
import { startWatchingStorage } from '../../../src/jobs/index.ts'
import { ensureSigningKeys, keepKeysFresh } from '../../../src/oidc/index.ts'
import { sweeps } from '../../../src/wiring/sweeps.ts'
import { openTestDatabase } from '../../support/database.ts'
import { sweepOnce } from '../../support/sweep.ts'

const DAY = 86_400
const sealer = createSealer([randomBytes(32)])
let database: Database
let close: () => Promise<void>
beforeEach(async () => {
  const made = await openTestDatabase({ poolMax: 4 })
  database = made.database
  close = made.close
})
afterEach(async () => {
  await close()
})

/** What the metrics say of what is kept. */
async function observed(): Promise<(series: string) => number | undefined> {
  const metrics = createMetrics({ databasePool: () => ({ total: 0, idle: 0, waiting: 0 }) })
  // Stopped at once, it still finishes the turn that it began with.
  await startWatchingStorage(database, {
    sweeps,
    rotationSeconds: 90 * DAY,
    onState: metrics.observeStorage,
    onLook: (look, trouble) => metrics.observeLook(look, trouble === null),
  })()
  const lines = (await metrics.registry.metrics()).split('\n')
  return (series) => {
    const line = lines.find((one) => one.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.split(' ')[1])
  }
}

const agedKeys = (days: number) =>
  database.prisma
    .$executeRaw`UPDATE signing_keys SET activate_at = now() - make_interval(days => ${days}::int)`

test('the metrics say how late sweeping and sealing are, and how large tables are', async () => {
  await sealAll(database)
  const quiet = await observed()
  expect(quiet('sweep_lag_seconds{table="sessions"}')).toBe(0)
  expect(quiet('audit_seal_lag_seconds')).toBe(0)
  await database.pool.query(
    "INSERT INTO sessions (digest, uid, payload, expires_at) VALUES ('\\x01', 'u', '{}', now() - interval '2 hours')",
  )
  await database.transaction((tx) => record(tx, { type: 'user.created' }))
  await database.pool.query(
    "ALTER TABLE audit_events DISABLE TRIGGER USER; UPDATE audit_events SET at = now() - interval '10 minutes'",
  )
  const late = await observed()
  expect(late('sweep_lag_seconds{table="sessions"}')).toBeGreaterThanOrEqual(7140)
  expect(late('sweep_lag_seconds{table="sessions"}')).toBeLessThan(7800)
  expect(late('audit_seal_lag_seconds')).toBeGreaterThanOrEqual(600)
  expect(late('table_bytes{table="sessions"}')).toBeGreaterThan(8000)
  await sealAll(database)
  expect((await observed())('audit_seal_lag_seconds')).toBe(0)
})

/** A row in which every time is long over, and what must be said says nothing. */
async function addOldRow(table: string): Promise<void> {
  const { rows: columns } = await database.pool.query<{ column_name: string; data_type: string }>(
    `SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1
       AND (data_type LIKE 'timestamp%' AND (is_nullable = 'NO' OR column_name = 'expires_at')
         OR is_nullable = 'NO' AND column_default IS NULL)`,
    [table],
  )
  const anything = (type: string) => {
    if (type.startsWith('timestamp')) return "now() - interval '100 days'"
    if (type === 'uuid') return 'gen_random_uuid()'
    if (type === 'integer' || type === 'bigint') return '1'
    if (type === 'boolean') return 'false'
    return type === 'jsonb' ? `'{}'` : type === 'ARRAY' ? `'{}'` : `'x'`
  }
  const names = columns.map(({ column_name: name }) => name)
  const values = columns.map(({ data_type: type }) => anything(type))
  const client = await database.pool.connect()
  try {
    await client.query('BEGIN')
    // Whose row it is does not matter here.
    await client.query('SET LOCAL session_replication_role = replica')
    await client.query(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${values.join(', ')})`)
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

test('every table that is swept is told, and late by what its sweep would take (FT-17)', async () => {
  const tables = [...new Set(sweeps.map(({ table }) => table))]
  const lagOf = async () => {
    const said = await observed()
    return tables.map((table) => [table, said(`sweep_lag_seconds{table="${table}"}`)] as const)
  }
  expect(await lagOf()).toEqual(tables.map((table) => [table, 0]))
  for (const table of tables) await addOldRow(table)
  const late = await lagOf()
  expect(late.filter(([, lag]) => lag === undefined || lag < 60 * DAY)).toEqual([])
  // What is given up first is removed the next time.
  for (let round = 0; round < 2; round += 1) await sweepOnce(database.prisma, sweeps)
  expect(await lagOf()).toEqual(tables.map((table) => [table, 0]))
})

test('what is to be given up is late from the end of its own time, however often it was tried', async () => {
  await addOldRow('logout_notices')
  const set = (created: string) =>
    database.pool.query(
      `UPDATE logout_notices SET created_at = now() - $1::interval, next_attempt_at = now() - interval '20 hours'`,
      [created],
    )
  const lag = async () => (await observed())('sweep_lag_seconds{table="logout_notices"}')
  await set('23 hours')
  expect(await lag()).toBe(0)
  await set('24 hours 5 minutes')
  expect(await lag()).toBeGreaterThanOrEqual(300)
  expect(await lag()).toBeLessThan(900)
})

test('a table that cannot be read hides nothing of the others, and is told of', async () => {
  await ensureSigningKeys({ database, sealer })
  await sealAll(database)
  const fine = await observed()
  expect(fine('looks_failed{look="expired"}')).toBe(0)
  expect(fine('looks_failed{look="keys"}')).toBe(0)
  await database.pool.query('ALTER TABLE sessions RENAME COLUMN expires_at TO ends_at')
  const broken = await observed()
  expect(broken('looks_failed{look="expired"}')).toBe(1)
  expect(broken('sweep_lag_seconds{table="sessions"}')).toBeUndefined()
  expect(broken('looks_failed{look="keys"}')).toBe(0)
  expect(broken('audit_seal_lag_seconds')).toBe(0)
  expect(broken('signing_key_due_days{alg="ES256"}')).toBeCloseTo(90, 1)
  expect(broken('table_bytes{table="sessions"}')).toBeGreaterThan(8000)
})

test('days left of each signing key are told, and that rotation has stopped (KY-03)', async () => {
  await ensureSigningKeys({ database, sealer })
  const config = { signingKeys: { rotationDays: 90 } }
  const fresh = await observed()
  expect(fresh('signing_key_due_days{alg="ES256"}')).toBeCloseTo(90, 1)
  expect(fresh('signing_key_rotation_overdue{alg="ES256"}')).toBe(0)
  expect(await examineRotation(database, config)).toMatchObject([
    { what: 'key rotation', ok: true, said: expect.stringContaining('ES256 89 days left') },
  ])

  await agedKeys(93)
  const stopped = await observed()
  expect(stopped('signing_key_due_days{alg="RS256"}')).toBeCloseTo(-3, 1)
  expect(stopped('signing_key_rotation_overdue{alg="RS256"}')).toBe(1)
  expect(await examineRotation(database, config)).toMatchObject([
    {
      ok: false,
      said: expect.stringMatching(/^stopped: .*RS256 3 days overdue/),
      remedy: expect.stringContaining('keys.rotate'),
    },
  ])
  expect(await examineRotation(database, { signingKeys: { rotationDays: 0 } })).toMatchObject([{ ok: true }])

  await keepKeysFresh({ database, sealer }, { everySeconds: 90 * DAY, signedSeconds: DAY })
  expect((await observed())('signing_key_rotation_overdue{alg="RS256"}')).toBe(0)
  expect(await examineRotation(database, config)).toMatchObject([{ ok: true }])
})
