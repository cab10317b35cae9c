import type { Tx } from '../../db/index.ts'
import type { By } from '../../audit/index.ts'
import { createUser } from '../../users/index.ts'
import type { SpentMailTicket } from '../../users/index.ts'

/** What waits in a ticket until the address is confirmed. */
export type PendingAccount = { name: string | null; passwordHash: string; locale: string }

/** Makes the account that a registration was for. False when somebody else made one for the address meanwhile. */
export async function makeAccount(tx: Tx, { email, detail }: SpentMailTicket, by: By): Promise<boolean> {
  const account = detail as PendingAccount
  const created = await createUser(tx, { ...account, email, emailVerified: true }, by)
  return created.ok
}
