import { isRetryable } from '../../db/index.ts'
import type { Database } from '../../db/index.ts'
import { redeemStatement, statementFor } from './statements.ts'
import type { Statement } from './statements.ts'
import { inLockOrder } from './writes.ts'
import type { Conflict, Write } from './writes.ts'

export type Commit = { ok: true } | { ok: false; conflict: Conflict }

const MAX_TRIES = 3

/**
 * Makes a request's writes durable, all or none, before its response leaves. Says so when another request was first;
 * throws on storage trouble, and then nothing may be assumed: the caller must not hand out what it was about to.
 */
export async function commit(pool: Database['pool'], writes: readonly Write[]): Promise<Commit> {
  const statements = plan(writes)
  for (let tries = 1; ; tries += 1) {
    try {
      return statements.length === 1 ? await single(pool, statements) : await transaction(pool, statements)
    } catch (error) {
      if (tries >= MAX_TRIES || !isRetryable(error)) throw error
    }
  }
}

/** Redeeming a code or rotating a refresh token is one statement; everything else is its writes in lock order. */
function plan(writes: readonly Write[]): Statement[] {
  const spent = writes.filter((write) => write.do === 'consume_token')
  const issued = writes.filter((write) => write.do === 'save_token')
  const told = writes.filter((write) => write.do === 'record')
  const isRedemption = spent.length === 1 && issued.length > 0 && told.length <= 1
  if (isRedemption && spent[0] && 1 + issued.length + told.length === writes.length)
    return [
      redeemStatement(
        spent[0],
        issued.map(({ row }) => row),
        told[0]?.event,
      ),
    ]
  return inLockOrder(writes).map(statementFor)
}

async function single(pool: Database['pool'], statements: Statement[]): Promise<Commit> {
  for (const { ifNothing, ...query } of statements) {
    const { rowCount } = await pool.query(query)
    if (rowCount === 0 && ifNothing) return { ok: false, conflict: ifNothing }
  }
  return { ok: true }
}

async function transaction(pool: Database['pool'], statements: Statement[]): Promise<Commit> {
  if (statements.length === 0) return { ok: true }
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    for (const { ifNothing, ...query } of statements) {
      const { rowCount } = await client.query(query)
      if (rowCount === 0 && ifNothing) {
        await client.query('ROLLBACK')
        return { ok: false, conflict: ifNothing }
      }
    }
    await client.query('COMMIT')
    return { ok: true }
  } catch (error) {
    broken = error as Error
    if (isRetryable(error)) {
      await client.query('ROLLBACK')
      broken = undefined
    }
    throw error
  } finally {
    // A connection on which something failed is closed rather than reused: its state is not known.
    client.release(broken)
  }
}
