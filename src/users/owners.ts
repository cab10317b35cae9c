import type { Tx } from '../db/index.ts'
import { isUserId } from './user-id.ts'

/**
 * Locks all owners who are not disabled, until the transaction ends, and returns their ids. Whoever takes an owner away does this
 * first: of two who would each take one of the last two, the second sees what the first has left.
 */
export async function lockOwners(tx: Tx): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM users WHERE role = 'owner' AND disabled_at IS NULL ORDER BY id FOR UPDATE`
  return rows.map(({ id }) => id)
}

/** Locks a user until the transaction ends, so that what is decided about them still holds when it is written. */
export async function lockUser(tx: Tx, id: string): Promise<void> {
  if (isUserId(id)) await tx.$queryRaw`SELECT id FROM users WHERE id = ${id}::uuid FOR UPDATE`
}
