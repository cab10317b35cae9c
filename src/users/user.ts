import type { Db, Prisma, Role } from '../db/index.ts'
import { normaliseEmail } from './email.ts'
import { isUserId } from './user-id.ts'

/** A user as other rooms see one: everything but the password's hash. `id` is the subject (`sub`). */
export type User = {
  id: string
  email: string
  emailVerified: boolean
  name: string | null
  /** BCP 47: the language they chose, for pages and mails; null before they did. */
  locale: string | null
  role: Role | null
  seeded: boolean
  hasPassword: boolean
  /** The next sign-in sets up a second factor, whatever the policy. */
  mustEnrolFactor: boolean
  disabledAt: Date | null
  createdAt: Date
  updatedAt: Date
}

export type UserRow = Prisma.UserGetPayload<object>

/** The user with this id, or null; an id that cannot be one is null too. */
export async function findUser(db: Db, id: string): Promise<User | null> {
  if (!isUserId(id)) return null
  const row = await db.user.findUnique({ where: { id } })
  return row && toUser(row)
}

/** The user with this e-mail address in any spelling of it, or null. */
export async function findUserByEmail(db: Db, email: string): Promise<User | null> {
  const row = await findRowByEmail(db, normaliseEmail(email))
  return row && toUser(row)
}

/** The whole row, for this room alone. Takes a normalised address, or null for one that cannot exist. */
export async function findRowByEmail(db: Db, email: string | null): Promise<UserRow | null> {
  return email === null ? null : db.user.findUnique({ where: { email } })
}

export function toUser(row: UserRow): User {
  const { passwordHash, ...rest } = row
  return { ...rest, hasPassword: passwordHash !== null }
}
