import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import type { Render } from '../http/index.ts'
import type { Oidc } from '../oidc/index.ts'
import type { PasswordHasher } from '../users/index.ts'

/** How an attempt to prove something ended, for the metrics. */
export type SignInOutcome =
  'password_ok' | 'password_wrong' | 'code_ok' | 'code_wrong' | 'throttled' | 'enrolled' | 'completed'

export type InteractionDeps = {
  database: Database
  oidc: Oidc
  render: Render
  hasher: PasswordHasher
  sealer: Sealer
  /** HMAC keys, newest first: of CSRF tokens and of known-device tokens. */
  keys: readonly Buffer[]
  issuerName: string
  onOutcome(outcome: SignInOutcome): void
}
