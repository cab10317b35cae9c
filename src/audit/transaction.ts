import type { Pool, PoolClient } from '../db/index.ts'

/** Runs `work` in one transaction in which every statement sees what was committed before it. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    broken = error as Error
    throw error
  } finally {
    // A connection on which something failed is closed rather than reused: its state is not known.
    client.release(broken)
  }
}
