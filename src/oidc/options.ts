import type { Context } from 'koa'
import type { ErrorOut, KoaContextWithOIDC } from 'oidc-provider'
import type { JWK } from 'jose'
import type { Database } from '../db/index.ts'
import type { OnFailure } from './failures.ts'
import type { Lifetimes } from './lifetimes.ts'
import type { Conflict } from './store/writes.ts'

/** The pages the engine shows; handed in by app.ts, because this room knows no HTML. */
export type EnginePages = {
  engineError(ctx: KoaContextWithOIDC, out: ErrorOut, error: Error): Promise<void> | void
  logout(ctx: KoaContextWithOIDC, form: { action: string; xsrf: string }): Promise<void>
  loggedOut(ctx: KoaContextWithOIDC): Promise<void>
  /** Another request was first: the session was ended, or this sign-in was finished, meanwhile. */
  conflict(ctx: Context, conflict: Exclude<Conflict, 'token_consumed'>): Promise<void>
}

export type OidcOptions = {
  issuer: string
  database: Database
  /** Private JWKs, newest first for each algorithm. */
  signingKeys: JWK[]
  /** Newest first; older ones still verify. */
  cookieKeys: string[]
  lifetimes: Lifetimes
  /** How long a rotated refresh token may be presented again by a client that lost the answer. */
  refreshRetryWindowSeconds: number
  policy: { totp: 'optional' | 'required' }
  /** Hosts and networks that outgoing requests may reach although private. */
  outboundAllow: readonly string[]
  pages: EnginePages
  /** A browser is being sent to the hosted pages on behalf of this client, for the interaction of this uid. */
  onInteraction(ctx: KoaContextWithOIDC, clientId: string, uid: string): void
  onTokensIssued(grantType: string): void
  /** The engine answered with a failure of ours; nobody else would hear of it. */
  onFailure?: OnFailure
}
