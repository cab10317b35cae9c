import type { Context } from 'koa'
import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import type { JWK } from 'jose'
import type { Provider } from 'oidc-provider'
import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import type { AcrDemand } from './acr.ts'
import type { OnFailure } from './failures.ts'
import type { Lifetimes } from './lifetimes.ts'
import type { FollowedKeys } from './signing-keys/follow-keys.ts'
import type { StatusNumbers } from './status-list/numbers.ts'
import type { Conflict } from './store/writes.ts'

/** The pages the engine shows; handed in by app.ts, because this room knows no HTML. */
export type EnginePages = {
  engineError(ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): Promise<void> | void
  logout(ctx: KoaContextWithOIDC, form: { action: string; xsrf: string }): Promise<void>
  loggedOut(ctx: KoaContextWithOIDC): Promise<void>
  /** Where a person enters the code that their device shows (RFC 8628 section 3.3). */
  deviceCode(ctx: KoaContextWithOIDC, form: DeviceForm & DeviceInput): Promise<void>
  /** Where they say that the code on their device is this one, and hear which app asks. */
  deviceConfirm(
    ctx: KoaContextWithOIDC,
    form: DeviceForm & { userCode: string; clientId: string },
  ): Promise<void>
  /** The device is about to hear it. */
  deviceAnswered(ctx: KoaContextWithOIDC, answer: { allowed: boolean }): Promise<void>
  /** The form was sent without the session it was shown in, or a sign-in for a device came to nothing. */
  deviceLost(ctx: KoaContextWithOIDC): Promise<void>
  /** Another request was first: the session was ended, this sign-in was finished, or this device answered, meanwhile. */
  conflict(ctx: Context, conflict: Exclude<Conflict, 'token_consumed'>): Promise<void>
}

export type DeviceForm = { action: string; xsrf: string }

export type DeviceCodeTrouble = 'missing' | 'unknown' | 'expired' | 'answered' | 'throttled'

export type DeviceInput = {
  userCode?: string | undefined
  trouble?: DeviceCodeTrouble
  /** In seconds, when there were too many. */
  retryAfter?: number
}

export type OidcOptions = {
  issuer: string
  database: Database
  /** Opens the signing keys. */
  sealer: Sealer
  /** Those that were there a moment ago: private JWKs, newest first for each algorithm. */
  signingKeys: JWK[]
  /** Newest first; older ones still verify. */
  cookieKeys: string[]
  lifetimes: Lifetimes
  /** How long a rotated refresh token may be presented again by a client that lost the answer. */
  refreshRetryWindowSeconds: number
  policy: {
    totp: 'optional' | 'required'
    /** What each acr value takes, weakest first. */
    acr: AcrDemand['table']
    /** Whether there can be passkeys for this issuer. */
    passkeys: boolean
  }
  /** Within this time every API that checks the status lists has heard of a revocation, in seconds. */
  statusListTtlSeconds: number
  /** The longest that a request can take to write what it has read, in seconds. */
  inFlightSeconds: number
  /** Hosts and networks that outgoing requests may reach although private. */
  outboundAllow: readonly string[]
  pages: EnginePages
  /** A browser is being sent to the hosted pages on behalf of this client, for the interaction of this uid. */
  onInteraction(ctx: KoaContextWithOIDC, clientId: string, uid: string): void
  onTokensIssued(grantType: string): void
  /** The engine answered with a failure of ours; nobody else would hear of it. */
  onFailure?: OnFailure
  /** Other keys are published and sign from now on. */
  onKeysChanged(kids: string[]): void
  /** The keys could not be looked at, or one of them not be opened. */
  onKeysTrouble(error: unknown): void
}

/** What one engine after another shares, and the keys of this one. */
export type EngineOptions = Omit<OidcOptions, 'sealer' | 'onKeysChanged' | 'onKeysTrouble'> & {
  statusNumbers: StatusNumbers
  keys: Pick<FollowedKeys, 'current' | 'learn'>
  /** The engine with the keys of the moment. */
  newest(): Provider
}
