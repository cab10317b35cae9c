import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { applyMigration } from './apply.ts'
import { MigrationError } from './error.ts'
import { isSameMigration, MIGRATIONS_DIR, readMigrations, type Migration } from './files.ts'
import { createHistory, readHistory, type HistoryEntry, type Queryable } from './history.ts'

/** The advisory lock that Prisma's schema engine takes, so that `prisma migrate deploy` waits for us and we for it. */
const LOCK = 72707369
const CONNECT_TIMEOUT_MS = 10_000
/** SQLSTATE: somebody else holds a lock. */
const LOCKED = '55P03'
const AGAIN_AFTER_MS = 2000

export type MigrateOptions = {
  /** The folder of migrations; ours by default. */
  dir?: string
  /** Told the name of each migration when it has been applied. */
  onApply?: (name: string) => void
  /** For how long a table that others use is asked for again and again; otherwise that is storage trouble at once. */
  patienceMs?: number
}

export type MigrationStatus = { applied: string[]; pending: string[]; failed: string[] }

/**
 * Brings the database at `url` up to date and returns the names of the migrations it applied. Processes that start
 * together take turns, and each is applied once. Migrations that the database has and `dir` has not are left alone:
 * during a rolling update an older version meets a newer database.
 * Throws MigrationError; storage trouble as it comes.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
  const migrations = await readMigrations(options.dir ?? MIGRATIONS_DIR)
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'cardea migrate',
    keepAlive: true,
  })
  // The query under way rejects as well.
  client.on('error', () => undefined)
  try {
    await client.connect()
    // Held by the connection: it ends with it, whatever happens.
    await client.query('SELECT pg_advisory_lock($1)', [LOCK])
    await createHistory(client)
    const pending = pendingOf(migrations, await readHistory(client))
    for (const migration of pending) {
      await whenFree(() => applyMigration(client, migration), options.patienceMs ?? 0)
      options.onApply?.(migration.name)
    }
    return pending.map(({ name }) => name)
  } finally {
    await client.end()
  }
}

async function whenFree(attempt: () => Promise<void>, patienceMs: number): Promise<void> {
  for (const until = performance.now() + patienceMs; ;)
    try {
      await attempt()
      return
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCKED || performance.now() >= until) throw error
      await sleep(AGAIN_AFTER_MS)
    }
}

/** Which migrations the database has, lacks, or has tried in vain. Changes nothing. */
export async function migrationStatus(
  db: string | Queryable,
  { dir = MIGRATIONS_DIR }: { dir?: string } = {},
): Promise<MigrationStatus> {
  const migrations = await readMigrations(dir)
  const history = typeof db === 'string' ? await historyAt(db) : await readHistory(db)
  const named = (state: HistoryEntry['state']) =>
    new Set(history.filter((e) => e.state === state).map((e) => e.name))
  const applied = named('applied')
  const failed = named('failed')
  const pending = migrations.map(({ name }) => name).filter((name) => !applied.has(name) && !failed.has(name))
  return { applied: [...applied], pending, failed: [...failed] }
}

function pendingOf(migrations: Migration[], history: HistoryEntry[]): Migration[] {
  const failed = history.find(({ state }) => state === 'failed')
  if (failed) {
    throw new MigrationError(
      'failed_before',
      failed.name,
      `Migration ${failed.name} failed earlier (P3009), so none is applied now. See why in the "logs" column of ` +
        `_prisma_migrations, put it right, then run: npm run prisma -- migrate resolve --rolled-back ${failed.name}`,
    )
  }
  const applied = new Map(history.filter((e) => e.state === 'applied').map((e) => [e.name, e.checksum]))
  return migrations.filter((migration) => {
    const checksum = applied.get(migration.name)
    if (checksum !== undefined && !isSameMigration(migration, checksum)) {
      throw new MigrationError(
        'modified',
        migration.name,
        `Migration ${migration.name} was changed after it had been applied to this database. Restore the file as it ` +
          'was; what should be different belongs in a new migration.',
      )
    }
    return checksum === undefined
  })
}

async function historyAt(url: string): Promise<HistoryEntry[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await readHistory(client)
  } finally {
    await client.end()
  }
}
