// The Prisma command line as contributors and operators run it, on the engine that needs no download.
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { migrate, migrationStatus } from '../../../src/db/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { enterableFolder } from './folder.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
let migrated: { url: string; drop: () => Promise<void> }
let empty: { url: string; drop: () => Promise<void> }

beforeAll(async () => {
  migrated = await createTestDatabase()
  empty = await createTestDatabase()
  const client = new pg.Client({ connectionString: empty.url })
  await client.connect()
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  await client.end()
})
afterAll(async () => {
  await migrated.drop()
  await empty.drop()
})

function prisma(
  url: string | undefined,
  args: string[],
  folder = root,
): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/prisma.mjs', ...args], {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: url },
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}

const difference = ['--to-schema', 'prisma/schema.prisma', '--exit-code']

test('schema and migrations say the same', () => {
  const { status, said } = prisma(migrated.url, [
    ...['migrate', 'diff', '--from-migrations', 'prisma/migrations'],
    ...difference,
  ])
  expect(said).toContain('No difference detected')
  expect(status).toBe(0)
})

test('Prisma finds a database that we migrated up to date, and as the schema describes it', () => {
  expect(prisma(migrated.url, ['migrate', 'status'])).toMatchObject({ status: 0 })
  expect(prisma(migrated.url, ['migrate', 'deploy']).said).toContain('No pending migrations to apply')
  const compared = prisma(migrated.url, ['migrate', 'diff', '--from-config-datasource', ...difference])
  expect(compared).toMatchObject({ status: 0 })
})

test('we find a database that Prisma migrated up to date', async () => {
  const { pending } = await migrationStatus(empty.url)
  expect(prisma(empty.url, ['migrate', 'deploy'])).toMatchObject({ status: 0 })
  expect(await migrationStatus(empty.url)).toEqual({ applied: pending, pending: [], failed: [] })
  expect(await migrate(empty.url)).toEqual([])
})

test('a contributor makes the next migration without a database server', async () => {
  const folder = await enterableFolder()
  for (const part of ['prisma', 'prisma.config.ts', 'scripts', 'src/db/embedded', 'package.json']) {
    cpSync(path.join(root, part), path.join(folder, part), { recursive: true })
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  const schema = path.join(folder, 'prisma/schema.prisma')
  writeFileSync(schema, readFileSync(schema, 'utf8') + '\nmodel Extra {\n  id Int @id\n}\n')
  expect(prisma(undefined, ['migrate', 'dev', '--name', 'extra'], folder)).toMatchObject({ status: 0 })
  const migrations = path.join(folder, 'prisma/migrations')
  const made = readdirSync(migrations).find((name) => name.endsWith('_extra')) ?? ''
  expect(readFileSync(path.join(migrations, made, 'migration.sql'), 'utf8')).toContain('CREATE TABLE "Extra"')
  await rm(folder, { recursive: true })
})
