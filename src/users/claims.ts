import type { User } from './user.ts'

/** The standard claims we can vouch for (OpenID Connect Core section 5.1). Which of them a client sees is decided by its scopes. */
type UserClaims = {
  sub: string
  name?: string
  email: string
  email_verified: boolean
  /** Seconds since 1970. */
  updated_at: number
}

/** What there is to say about a user, in OpenID Connect's words; a claim without a value is left out (Core section 5.3.2). */
export function claimsFor(
  user: Pick<User, 'id' | 'name' | 'email' | 'emailVerified' | 'updatedAt'>,
): UserClaims {
  return {
    sub: user.id,
    ...(user.name !== null && { name: user.name }),
    email: user.email,
    email_verified: user.emailVerified,
    updated_at: Math.floor(user.updatedAt.getTime() / 1000),
  }
}
