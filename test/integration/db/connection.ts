import {
  connectDatabase,
  isStorageTrouble,
  type Database,
  type DatabaseOptions,
} from '../../../src/db/index.ts'

/** Limits short enough to be met within a test, on a busy machine too. */
export const limits = {
  poolMax: 4,
  connectTimeoutMs: 5000,
  statementTimeoutMs: 800,
  lockTimeoutMs: 200,
  idleInTransactionTimeoutMs: 800,
}

/** Opens the database at `url`; the test closes it. */
export function connect(url: string, overrides: Partial<DatabaseOptions> = {}): Database {
  return connectDatabase({ url, ...limits, ...overrides })
}

/** How a call that must fail did so: whether by storage trouble, and after how many milliseconds. */
export async function failureOf(
  call: () => Promise<unknown>,
): Promise<{ trouble: boolean; ms: number; error: unknown }> {
  const start = performance.now()
  try {
    await call()
  } catch (error) {
    return { trouble: isStorageTrouble(error), ms: performance.now() - start, error }
  }
  throw new Error('The call succeeded.')
}
