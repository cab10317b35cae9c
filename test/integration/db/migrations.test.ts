import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { isStorageTrouble, migrate, MigrationError, migrationStatus } from '../../../src/db/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { failureOf } from './connection.ts'

let url: string
let drop: () => Promise<void>
let dir: string

beforeEach(async () => {
  ;({ url, drop } = await createTestDatabase())
  await query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  dir = await mkdtemp(path.join(tmpdir(), 'cardea-migrations-'))
})
afterEach(async () => {
  await drop()
  await rm(dir, { recursive: true })
})

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

async function write(name: string, sql: string): Promise<void> {
  await mkdir(path.join(dir, name), { recursive: true })
  await writeFile(path.join(dir, name, 'migration.sql'), sql)
}

const run = () => migrate(url, { dir })
const status = () => migrationStatus(url, { dir })

test('applies our migrations to an empty database, and nothing the next time', async () => {
  const told: string[] = []
  const before = await migrationStatus(url)
  expect(before).toMatchObject({ applied: [], failed: [] })
  expect(before.pending).toContain('20261121000000_init')
  expect(await migrate(url, { onApply: (name) => told.push(name) })).toEqual(before.pending)
  expect(told).toEqual(before.pending)
  expect(await migrate(url)).toEqual([])
  expect(await migrationStatus(url)).toEqual({ applied: before.pending, pending: [], failed: [] })
})

test('leaves room on the pages of the rows that are updated most', async () => {
  await migrate(url)
  const rows = await query(
    "SELECT relname FROM pg_class WHERE 'fillfactor=85' = ANY (reloptions) ORDER BY relname",
  )
  expect(rows).toEqual([{ relname: 'interactions' }, { relname: 'sessions' }, { relname: 'tokens' }])
})

test('applies in the order of the names, and later only what is new', async () => {
  await write('2_fill', 'INSERT INTO t VALUES (2)')
  await write('1_make', 'CREATE TABLE t (n int)')
  expect(await run()).toEqual(['1_make', '2_fill'])
  await write('3_more', 'INSERT INTO t VALUES (3)')
  expect(await status()).toEqual({ applied: ['1_make', '2_fill'], pending: ['3_more'], failed: [] })
  expect(await run()).toEqual(['3_more'])
  expect(await query('SELECT n FROM t ORDER BY n')).toEqual([{ n: 2 }, { n: 3 }])
})

test('applies each migration once when several processes start together (FT-09)', async () => {
  await write('1_slow', 'CREATE TABLE t (n int); SELECT pg_sleep(0.2); INSERT INTO t VALUES (1)')
  const results = await Promise.all([run(), run(), run()])
  expect(results.flat()).toEqual(['1_slow'])
  expect(await query('SELECT n FROM t')).toEqual([{ n: 1 }])
})

test('leaves alone what a newer version has applied (FT-09)', async () => {
  await write('1_ours', 'CREATE TABLE ours ()')
  await write('2_newer', 'CREATE TABLE newer ()')
  await run()
  await rm(path.join(dir, '2_newer'), { recursive: true })
  expect(await run()).toEqual([])
})

test('accepts function bodies, and an index built without a lock', async () => {
  await write('1_make', 'CREATE TABLE t (n int)')
  await write('2_function', 'CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$')
  await write('3_index', 'CREATE INDEX CONCURRENTLY t_n ON t (n)')
  expect(await run()).toEqual(['1_make', '2_function', '3_index'])
  expect(await status()).toMatchObject({ pending: [], failed: [] })
})

describe('a migration that fails', () => {
  const BROKEN = 'CREATE TABLE half (n int); INSERT INTO half VALUES (1); SELECT 1 / 0'

  test('leaves nothing of itself, is reported, and stops every later start until it is resolved (P3009)', async () => {
    await write('1_good', 'CREATE TABLE good ()')
    await write('2_broken', BROKEN)
    await write('3_after', 'CREATE TABLE after ()')
    await expect(run()).rejects.toMatchObject({ code: 'failed', migration: '2_broken' })
    expect(await query("SELECT relname FROM pg_class WHERE relname IN ('good', 'half', 'after')")).toEqual([
      { relname: 'good' },
    ])
    expect(await query("SELECT logs FROM _prisma_migrations WHERE migration_name = '2_broken'")).toEqual([
      { logs: 'division by zero' },
    ])
    expect(await status()).toEqual({ applied: ['1_good'], pending: ['3_after'], failed: ['2_broken'] })

    await write('2_broken', 'CREATE TABLE mended ()')
    const again = run()
    await expect(again).rejects.toBeInstanceOf(MigrationError)
    await expect(again).rejects.toThrow(
      /2_broken failed earlier \(P3009\).*migrate resolve --rolled-back 2_broken/s,
    )

    await query("UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '2_broken'")
    expect(await run()).toEqual(['2_broken', '3_after'])
  })

  test('for want of disk or time is tried again at the next start (FT-16)', async () => {
    const raise = (code: string) => `DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '${code}'; END $$`
    for (const code of ['53100', '57014']) {
      await write('1_unlucky', raise(code))
      expect(isStorageTrouble((await failureOf(run)).error)).toBe(true)
    }
    await write('1_unlucky', 'CREATE TABLE t ()')
    expect(await run()).toEqual(['1_unlucky'])
  })

  test('because its process was killed is tried again at the next start (FT-12)', async () => {
    await write('1_cut', 'CREATE TABLE cut (); SELECT pg_sleep(10)')
    const cut = failureOf(run)
    const KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(10)'"
    while ((await query(`${KILL} AND pid <> pg_backend_pid()`)).length === 0);
    expect(await cut).toMatchObject({ trouble: true })
    await write('1_cut', 'CREATE TABLE cut ()')
    expect(await run()).toEqual(['1_cut'])
  })
})

describe('a table that somebody else uses', () => {
  let reader: pg.Client
  beforeEach(async () => {
    await write('1_make', 'CREATE TABLE t (n int)')
    await run()
    await write('2_alter', 'ALTER TABLE t ADD COLUMN m int')
    reader = new pg.Client({ connectionString: url })
    await reader.connect()
    // As a backup does for as long as it takes.
    await reader.query('BEGIN; LOCK TABLE t IN ACCESS SHARE MODE')
  })
  afterEach(() => reader.end())

  test('is altered at a later attempt, and everybody else gets through meanwhile', async () => {
    const failed = failureOf(run)
    const waits =
      "SELECT FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE t%' AND wait_event_type = 'Lock'"
    while ((await query(waits)).length === 0);
    const asked = performance.now()
    expect(await query('SELECT n FROM t')).toEqual([])
    expect(performance.now() - asked).toBeLessThan(5000)
    expect(await failed).toMatchObject({ trouble: true, error: { code: '55P03' } })
    expect(await status()).toEqual({ applied: ['1_make'], pending: ['2_alter'], failed: [] })
    await reader.query('COMMIT')
    expect(await run()).toEqual(['2_alter'])
  })

  test('is waited for by whoever has the patience', async () => {
    const patient = migrate(url, { dir, patienceMs: 20_000 })
    await sleep(1500)
    await reader.query('COMMIT')
    expect(await patient).toEqual(['2_alter'])
  })
})

test('refuses a migration that was changed after it had been applied', async () => {
  await write('1_make', 'CREATE TABLE t (n int)')
  await run()
  await write('1_make', 'CREATE TABLE t (n bigint)')
  await expect(run()).rejects.toMatchObject({ name: 'MigrationError', code: 'modified', migration: '1_make' })
})

test('takes no offence at the line ends of a checkout', async () => {
  await write('1_make', 'CREATE TABLE t (\n  n int\n)')
  await run()
  await write('1_make', 'CREATE TABLE t (\r\n  n int\r\n)')
  expect(await run()).toEqual([])
})

test('reports a database that is not there as storage trouble', async () => {
  const nowhere = new URL(url)
  nowhere.port = '1'
  expect(await failureOf(() => migrate(nowhere.href))).toMatchObject({ trouble: true })
  expect(await failureOf(() => migrationStatus(nowhere.href))).toMatchObject({ trouble: true })
})
