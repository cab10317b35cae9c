import type { Db, Tx } from '../db/index.ts'

/**
 * Runs the work in one transaction: the caller's when there is one, a new one otherwise.
 * Only for work that holds together by itself; whoever composes several rooms opens the transaction and passes it down.
 */
export async function atomically<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return '$transaction' in db ? db.$transaction(work) : work(db)
}
