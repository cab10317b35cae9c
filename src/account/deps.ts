import type { Context } from 'koa'
import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import type { ClientView, Render } from '../http/index.ts'
import type { Oidc } from '../oidc/index.ts'
import type { PasskeySite, PasswordHasher, PasswordRules } from '../users/index.ts'
import type { FindPlace } from './signed-in/place.ts'

export type AccountDeps = {
  database: Database
  hasher: PasswordHasher
  passwordRules: PasswordRules
  render: Render
  sealer: Sealer
  oidc: Pick<Oidc, 'arrangeAccounts' | 'browserAccounts' | 'listConnectedApps' | 'sessionOf'>
  /** The app that this browser came from, to begin a sign-in anew there. */
  wayToApp: (ctx: Context) => Promise<{ client: ClientView | undefined; uri: string } | null>
  /** HMAC keys of CSRF tokens and of what comes back from a sign-in, newest first. */
  keys: readonly Buffer[]
  issuer: string
  issuerName: string
  /** Whether mails go anywhere: without them an address cannot be confirmed. */
  hasMail: boolean
  /** How accounts come about, and which domains' addresses people may choose where that is open; none named, any. */
  registration: { policy: 'open' | 'invitation' | 'closed'; domains: readonly string[] }
  /** Whether everybody must have a second factor. */
  secondFactor: 'required' | 'optional'
  /** Null where there can be no passkeys: WebAuthn knows hosts by name. */
  passkeySite: PasskeySite | null
  /** Where an address is, roughly; null when no database of places is configured. */
  findPlace: FindPlace
}
