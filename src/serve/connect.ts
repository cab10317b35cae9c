import type { Config } from '../config/index.ts'
import { connectDatabase } from '../db/index.ts'
import type { Database } from '../db/index.ts'

/** The database of the configuration, or the one at `embeddedUrl`, within the limits of the configuration. */
export function connect(
  { database }: Config,
  embeddedUrl: string | undefined,
  onError: (error: Error) => void,
): Database {
  return connectDatabase({
    url: database.url ?? embeddedUrl ?? '',
    lentByTransaction: database.directUrl !== undefined,
    poolMax: database.poolMax,
    onError,
    ...limits(database),
  })
}

/** One listens; the others take jobs and write down how they ended. What jobs do goes through the process's own. */
const WORKER_POOL = 5

/** The same database for the queue's worker, which listens for jobs: past a pooler that lends connections by transaction. */
export function connectWorker(
  { database, worker }: Config,
  embeddedUrl: string | undefined,
  onError: (error: Error) => void,
): Database {
  const url = worker.databaseUrl ?? database.directUrl ?? database.url ?? embeddedUrl ?? ''
  return connectDatabase({ url, poolMax: WORKER_POOL, onError, ...limits(database) })
}

function limits({ statementTimeoutMs }: Config['database']) {
  return {
    connectTimeoutMs: statementTimeoutMs,
    statementTimeoutMs,
    lockTimeoutMs: Math.ceil((statementTimeoutMs * 2) / 3),
    idleInTransactionTimeoutMs: statementTimeoutMs * 2,
  }
}
