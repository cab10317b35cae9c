import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import type { Render } from '../http/index.ts'
import type { Oidc } from '../oidc/index.ts'
import type { PasskeySite, PasswordHasher, ThrottlePolicy } from '../users/index.ts'

/** How an attempt to prove something ended, for the metrics. A whole sign-in is `completed`. */
export type SignInOutcome = 'ok' | 'wrong' | 'throttled' | 'enrolled' | 'completed'

/** By what: of a whole sign-in, by its strongest proof beside the password, or `password` where that was all. */
export type SignInFactor = 'password' | 'passkey' | 'totp' | 'recovery_code' | 'trusted_browser'

export type InteractionDeps = {
  database: Database
  oidc: Oidc
  render: Render
  hasher: PasswordHasher
  sealer: Sealer
  /** Whom passkeys are for; null where there can be none. */
  passkeySite: PasskeySite | null
  /** HMAC keys of CSRF tokens, newest first. */
  keys: readonly Buffer[]
  issuerName: string
  /** Whether people may make accounts without an operator. */
  mayRegister: boolean
  /** Mail can be sent: whoever has to wait may prove that they read the mail of the address they type. */
  canChallenge: boolean
  /** For how many days a browser may skip the second factor once its user says so; 0 = never. */
  trustedBrowserDays: number
  policy: ThrottlePolicy
  onOutcome(outcome: SignInOutcome, factor: SignInFactor): void
}
