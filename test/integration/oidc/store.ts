import type { AdapterFactory } from 'oidc-provider'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { createAdapterFactory } from '../../../src/oidc/store/adapter.ts'
import { createTestDatabase } from '../../support/database.ts'

export type Store = { database: Database; adapterFor: AdapterFactory; close(): Promise<void> }

/** Our store of the engine's models on a database of its own, outside of any request. */
export async function openStore(): Promise<Store> {
  const { url, drop } = await createTestDatabase()
  const database = connectStoreDatabase(url)
  return {
    database,
    adapterFor: adapterOn(database),
    async close() {
      await database.close()
      await drop()
    },
  }
}

export function connectStoreDatabase(url: string): Database {
  return connectDatabase({
    url,
    poolMax: 5,
    connectTimeoutMs: 5000,
    statementTimeoutMs: 5000,
    lockTimeoutMs: 5000,
    idleInTransactionTimeoutMs: 5000,
  })
}

export function adapterOn({ pool }: Pick<Database, 'pool'>): AdapterFactory {
  return createAdapterFactory({
    ...{ pool, refreshRetryWindowSeconds: 10, checkClient: () => undefined },
    countGuess: (_ctx, look) => look(),
  })
}
