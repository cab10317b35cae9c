import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolClient } from '../db/index.ts'

const AGAIN_MS = 1000
/** The library's statements that write down how a job ended; each may be said twice. */
const ending = /^(complete|fail)_jobs?(_q)?\//

type Statement = { name?: string; text: string; values?: unknown[] }

/**
 * The pool as the library sees it. The library does not wait for how a job ended to be written down, and a refusal there would end the
 * process: so while the database is away such a statement is repeated, until it succeeds or the worker is stopped. What was not
 * written down then is done again by another process, as when this one had died.
 */
export function patientPool(pool: Pool, stopped: AbortSignal): Pool {
  const connect = () => {
    let client: PoolClient | undefined
    return Promise.resolve({
      async query(statement: string | Statement, values?: unknown[]): Promise<unknown> {
        if (typeof statement === 'object' && ending.test(statement.name ?? ''))
          return writeDown(pool, statement, stopped)
        client ??= await pool.connect()
        return client.query(statement as string, values)
      },
      release() {
        client?.release()
      },
    })
  }
  return new Proxy(pool, {
    get(target, name) {
      // With a callback it is the connection that listens, which the library opens anew by itself.
      if (name === 'connect')
        return (callback?: (error: Error | undefined) => void) =>
          callback === undefined ? connect() : target.connect(callback)
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

async function writeDown(pool: Pool, statement: Statement, stopped: AbortSignal): Promise<unknown> {
  for (;;) {
    try {
      return await pool.query(statement)
    } catch {
      if (stopped.aborted) return { rows: [], rowCount: 0 }
      await sleep(AGAIN_MS, undefined, { signal: stopped, ref: false }).catch(() => undefined)
    }
  }
}
