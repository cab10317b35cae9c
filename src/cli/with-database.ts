import { connectDatabase, joinEmbeddedPostgres, migrate, migrationStatus } from '../db/index.ts'
import type { Database } from '../db/index.ts'
import { installQueue, isQueueInstalled } from '../queue/index.ts'
import { configForDatabase } from './configuration.ts'
import { Refusal } from './refusal.ts'
import type { Terminal } from './terminal.ts'
import type { Config } from '../config/index.ts'

const CONNECT_MS = 5000
/** Longer than in a server, where people wait: a command may end the access of a hundred thousand. */
const STATEMENT_MS = 60_000

/** Does a verb's work on the configured database, whose schema must be up to date. */
export async function withDatabase<T>(
  terminal: Terminal,
  work: (database: Database, config: Config) => Promise<T>,
): Promise<T> {
  const config = configForDatabase(terminal.env)
  return atDatabase(terminal, config, (url) =>
    connected(url, async (database) => {
      await requireSchema(database, url, config)
      return work(database, config)
    }),
  )
}

/**
 * Calls `work` with the address of the configured database. The embedded one is reached whether or not a server is running
 * on it; if none is, it is started for as long as this takes.
 */
export async function atDatabase<T>(
  { stderr }: Terminal,
  { database, dataDir }: Config,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const url = database.directUrl ?? database.url
  if (url !== undefined) return work(url)
  const embedded = await joinEmbeddedPostgres({ dir: dataDir })
  // Asked to end, end in order: the server is told to stop when this process exits.
  const interrupt = () => process.exit(130)
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    stderr.write(`On the embedded database in ${embedded.home}\n`)
    return await work(embedded.url)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    await embedded.leave()
  }
}

/** A few connections for one command. */
export async function connected<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = connectDatabase({
    url,
    poolMax: 2,
    connectTimeoutMs: CONNECT_MS,
    statementTimeoutMs: STATEMENT_MS,
    lockTimeoutMs: STATEMENT_MS,
    idleInTransactionTimeoutMs: STATEMENT_MS,
  })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/** Development brings its schema up to date as its server does; elsewhere that is a decision. */
async function requireSchema({ pool }: Database, url: string, { mode }: Config): Promise<void> {
  const { pending, failed } = await migrationStatus(pool)
  const missing = [...pending, ...failed, ...((await isQueueInstalled(pool)) ? [] : ['the queue'])]
  if (missing.length === 0) return
  if (mode !== 'development')
    throw new Refusal(
      'database_unavailable',
      `The database's schema is not up to date (${missing.join(', ')}). Run: cardea migrate`,
    )
  await migrate(url)
  await installQueue(pool)
}
