import type { Prisma } from './generated/client.ts'

type Tx = Prisma.TransactionClient
type Transaction = <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
/** What is done once the transaction is durable; it may open another one. */
type Step = (transaction: Transaction) => Promise<unknown>

const steps = new WeakMap<Tx, Step[]>()

/**
 * Adds a step to be taken when this transaction has been committed, before its opener hears of it; if the step fails, the opener
 * hears of that. Only for what cannot be right any earlier: the process may end in between, so somebody must be able to take it later.
 * Throws for a transaction that was not opened with `database.transaction`.
 */
export function afterCommit(tx: Tx, step: Step): void {
  const known = steps.get(tx)
  if (!known) throw new TypeError('this transaction was not opened with database.transaction')
  known.push(step)
}

/** Runs one transaction and then what was left for after it. */
export async function withSteps<T>(
  transaction: Transaction,
  open: (work: (tx: Tx) => Promise<T>) => Promise<T>,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  let left: Step[] = []
  const result = await open((tx) => {
    left = []
    steps.set(tx, left)
    return work(tx)
  })
  for (const step of left) await step(transaction)
  return result
}
