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
    connectTimeoutMs: database.statementTimeoutMs,
    statementTimeoutMs: database.statementTimeoutMs,
    lockTimeoutMs: Math.ceil((database.statementTimeoutMs * 2) / 3),
    idleInTransactionTimeoutMs: database.statementTimeoutMs * 2,
    onError,
  })
}
