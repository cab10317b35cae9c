import type { Db } from '../../db/index.ts'
import { findUser, findUserByEmail } from '../../users/index.ts'
import type { User } from '../../users/index.ts'
import { Refusal } from '../refusal.ts'

/** The user that an operator names by e-mail address or id; a Refusal when there is none. */
export async function requireUser(db: Db, named: string): Promise<User> {
  const user = named.includes('@') ? await findUserByEmail(db, named) : await findUser(db, named)
  if (!user) throw new Refusal('not_found', `There is no user ${named}. Name one by e-mail address or id.`)
  return user
}
