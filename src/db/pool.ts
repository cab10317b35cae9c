import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { shedWhenStuck } from './shed.ts'
import { traceQueries } from './trace-queries.ts'

export type PoolOptions = {
  url: string
  /** Most connections at once. */
  poolMax: number
  /** Milliseconds to wait for a connection, new or free. */
  connectTimeoutMs: number
  /** Milliseconds a statement may run. */
  statementTimeoutMs: number
  /** Milliseconds a statement may wait for a lock. */
  lockTimeoutMs: number
  /** Milliseconds a transaction may sit idle before the server ends it. */
  idleInTransactionTimeoutMs: number
  /**
   * The address is a pooler that lends a connection for one transaction at a time: nothing may stay behind on it, neither
   * prepared statements nor settings. The pooler itself then sets the limits of the server.
   */
  lentByTransaction?: boolean
  /** Told when an idle connection is lost; nobody else would hear of it. */
  onError?: (error: Error) => void
}

/** How much longer than the server's own limit we wait for its answer: a frozen server keeps no limits. */
const ANSWER_MARGIN_MS = 500
const IDLE_CONNECTION_MS = 30_000
/** A line in which the last one waited for half of the limit is about to fail those at its end. */
const WORTH_WAITING = 0.5
/** Times go over a connection as digits without a zone, in UTC, whatever zone the server, the database or the role was set to. */
const IN_UTC = '-c TimeZone=UTC'

/** Milliseconds after which a query is given up without the server's answer. */
export function answerTimeout(options: PoolOptions): number {
  return options.statementTimeoutMs + ANSWER_MARGIN_MS
}

/** A pool in which nothing waits without a limit, and whose lost connections never bring down the process. */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url.replace(/([?&]options=[^&]*)/, `$1${encodeURIComponent(` ${IN_UTC}`)}`),
    max: options.poolMax,
    connectionTimeoutMillis: options.connectTimeoutMs,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it, which its types do not say
    ...(options.lentByTransaction ? { onConnect: setUtc } : serverLimits(options)),
    query_timeout: answerTimeout(options),
    application_name: 'cardea',
    keepAlive: true,
  })
  shedWhenStuck(pool, options.connectTimeoutMs * WORTH_WAITING)
  traceQueries(pool)
  pool.on('error', (error) => options.onError?.(error))
  pool.on('connect', (client) => {
    // The queries under way reject, and an idle connection is reported by the pool: without a listener, a connection
    // lost between two statements of a transaction would be an uncaught exception.
    client.on('error', () => undefined)
    if (options.lentByTransaction) leaveNothingPrepared(client)
    dropWhenUnanswered(client)
  })
  pool.on('release', (error, client) => {
    // Never hand on a connection with a transaction still open: the next borrower's writes would end in it.
    if (!(error as Error | undefined) && client.getTransactionStatus() !== 'I') void client.end()
  })
  return pool
}

/** What the server itself keeps to; sent with the connection's first message, which a pooler would not understand. */
function serverLimits(options: PoolOptions): pg.PoolConfig {
  return {
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs,
    // The address may bring options of its own, and those would count alone: there it is added to them.
    options: IN_UTC,
  }
}

/** A pooler knows this one setting, and sees to it that it comes along. */
async function setUtc(client: pg.ClientBase): Promise<void> {
  await client.query("SET TIME ZONE 'UTC'")
}

/** Sends named statements without their names: the next query may meet another server connection, where no such name is known. */
function leaveNothingPrepared(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const unnamed = (first: unknown, ...rest: unknown[]): unknown => {
    const isNamed = typeof first === 'object' && first !== null && 'name' in first
    return query(isNamed ? { ...first, name: undefined } : first, ...rest)
  }
  client.query = unnamed as typeof client.query
}

/**
 * After a query timed out on our side its answer may still come, or never: the connection is of no more use. Closing it
 * at once also spares the ROLLBACK that follows a second wait as long.
 */
function dropWhenUnanswered(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const watched = (...args: unknown[]): unknown => {
    const result = query(...args)
    if (result instanceof Promise) {
      result.catch((error: unknown) => {
        if (error instanceof Error && error.message === 'Query read timeout')
          client.connection.stream.destroy()
      })
    }
    return result
  }
  client.query = watched as typeof client.query
}

/**
 * Ends the pool once its borrowed connections are back, and after `graceMs` milliseconds in any case: a frozen server or
 * a forgotten connection must not hold up the shutdown. `open` is the pool's connections at any moment.
 */
export async function closePool(
  pool: pg.Pool,
  open: ReadonlySet<pg.PoolClient>,
  graceMs: number,
): Promise<void> {
  const closed = (client: pg.PoolClient) =>
    new Promise((resolve) => client.once('end', () => resolve(undefined)))
  const orderly = pool.end().then(() => Promise.all([...open].map(closed)))
  const waiting = new AbortController()
  const grace = setTimeout(graceMs, undefined, { signal: waiting.signal }).catch(() => undefined)
  await Promise.race([orderly, grace])
  waiting.abort()
  for (const client of open) client.connection.stream.destroy()
}
