import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { PrismaClient, type Prisma } from './generated/client.ts'
import { answerTimeout, closePool, createPool, type PoolOptions } from './pool.ts'
import { withSteps } from './after-commit.ts'
import { withRetries } from './retry.ts'

export type DatabaseOptions = PoolOptions

/** What a function needs that runs inside a transaction. */
export type Tx = Prisma.TransactionClient

/** What a function needs that does not care whether it runs inside a transaction. */
export type Db = PrismaClient | Tx

export type Database = {
  prisma: PrismaClient
  /** The same connections, for statements of our own. */
  pool: pg.Pool
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it rejects. After a serialization
   * failure or deadlock it runs again, three times at most, so it must touch nothing but the database. What was left with
   * `afterCommit` is done before it resolves.
   */
  transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
  /** Ends all connections, waiting for queries under way no longer than they may take. */
  close: () => Promise<void>
}

/** Opening a transaction is waiting for a connection, then one short statement. */
const BEGIN_MARGIN_MS = 250

/**
 * Prepares access to the database; connects with the first query, so it succeeds while the database is down.
 * All queries, Prisma's included, go through one pool whose every wait has a limit.
 */
export function connectDatabase(options: DatabaseOptions): Database {
  const pool = createPool(options)
  const open = new Set<pg.PoolClient>()
  pool.on('connect', (client) => {
    open.add(client)
    client.once('end', () => open.delete(client))
  })
  const prisma = new PrismaClient({
    adapter: new PrismaPg(pool),
    // The other formats take a stack trace with every query, to quote our sources in an error.
    errorFormat: 'minimal',
    transactionOptions: {
      maxWait: options.connectTimeoutMs + BEGIN_MARGIN_MS,
      timeout: options.statementTimeoutMs + options.idleInTransactionTimeoutMs,
    },
  })
  const transaction: Database['transaction'] = (work) =>
    withSteps(transaction, (counted) => withRetries(() => prisma.$transaction(counted)), work)
  let closing: Promise<void> | undefined
  const close = async () => {
    await prisma.$disconnect()
    await closePool(pool, open, answerTimeout(options))
  }
  return {
    prisma,
    pool,
    transaction,
    close: () => (closing ??= close()),
  }
}
