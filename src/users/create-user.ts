import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Db, Role } from '../db/index.ts'
import { atomically } from './atomically.ts'
import { normaliseEmail } from './email.ts'
import { assertPasswordHash } from './hash-parameters.ts'
import { normaliseName } from './name.ts'
import { toUser } from './user.ts'
import type { User } from './user.ts'

type NewUser = {
  email: string
  name?: string | null | undefined
  /** BCP 47: which of our languages they read. */
  locale?: string | null | undefined
  /** From a PasswordHasher; without one the user cannot sign in with a password. */
  passwordHash?: string | null | undefined
  role?: Role | null | undefined
  emailVerified?: boolean | undefined
  seeded?: boolean | undefined
}

type UserCreated =
  { ok: true; user: User } | { ok: false; reason: 'email_taken' | 'email_invalid' | 'name_invalid' }

/**
 * Creates a user and records it. Refuses an address that is none or that belongs to somebody, in any spelling, and a name
 * of more than 200 characters or with control characters. A refusal leaves the caller's transaction usable.
 */
export async function createUser(db: Db, input: NewUser, by: By = {}): Promise<UserCreated> {
  const email = normaliseEmail(input.email)
  if (email === null) return { ok: false, reason: 'email_invalid' }
  const name = normaliseName(input.name)
  if (name === undefined) return { ok: false, reason: 'name_invalid' }
  const passwordHash = input.passwordHash ?? null
  if (passwordHash !== null) assertPasswordHash(passwordHash)
  const { role = null, emailVerified = false, seeded = false, locale = null } = input
  return atomically(db, async (tx) => {
    // ON CONFLICT DO NOTHING: a unique violation would spoil the caller's transaction.
    const [row] = await tx.user.createManyAndReturn({
      data: [{ email, name, locale, passwordHash, role, emailVerified, seeded }],
      skipDuplicates: true,
    })
    if (!row) return { ok: false, reason: 'email_taken' }
    await record(tx, { type: 'user.created', userId: row.id, detail: { role, seeded }, ...by })
    return { ok: true, user: toUser(row) }
  })
}
