import type { Context, Middleware } from 'koa'
import type { JWK } from 'jose'
import type { InteractionResults } from 'oidc-provider'
import type { Db, Tx } from '../db/index.ts'
import type { Language } from '../language/index.ts'
import { logoutRequest } from './back-channel-logout.ts'
import type { LogoutNotice } from './back-channel-logout.ts'
import { arrangeAccounts, browserAccounts } from './browser-accounts.ts'
import type { BrowserAccounts } from './browser-accounts.ts'
import { markBrowser } from './browser-mark.ts'
import { answerExactly } from './exact-answers.ts'
import { createClientThrottle } from './client-throttle.ts'
import { listConnectedApps } from './connected-apps.ts'
import type { ConnectedApp } from './connected-apps.ts'
import { currentSession } from './current-session.ts'
import type { CurrentSession } from './current-session.ts'
import { askedUserCode } from './device-flow.ts'
import { paceDevices } from './device-polls.ts'
import { createEngine } from './engine.ts'
import { askedOf, saveConsent } from './grants.ts'
import type { AskedForConsent } from './grants.ts'
import { globalTokenRevocation } from './global-token-revocation/endpoint.ts'
import { finishInteraction, holdInteraction, loadInteraction, saveProgress } from './interactions.ts'
import type { Interaction, Kept, LoadedInteraction, ProgressToKeep } from './interactions.ts'
import type { Engine } from './engine.ts'
import type { OidcOptions } from './options.ts'
import { formToQuery } from './post-to-get.ts'
import { requestTransaction } from './request-transaction.ts'
import { signSecurityEvent } from './security-events.ts'
import type { SecurityEventClaims } from './security-events.ts'
import { signOutOfAll } from './sign-out-of-all.ts'
import { followSigningKeys } from './signing-keys/follow-keys.ts'
import type { FollowedKeys } from './signing-keys/follow-keys.ts'
import { freshKeys } from './signing-keys/fresh-keys.ts'
import { statusListEndpoint } from './status-list/endpoint.ts'
import { createStatusNumbers } from './status-list/numbers.ts'
import { createStatusLists, statusListTimes } from './status-list/status-lists.ts'

/** The protocol endpoints as middleware, and what the hosted pages need of the engine. */
export type Oidc = {
  middleware: Middleware[]
  loadInteraction(ctx: Context, uid: string): Promise<LoadedInteraction>
  saveProgress(db: Db, loaded: Pick<Interaction, 'uid' | 'progress'>, progress: ProgressToKeep): Promise<Kept>
  holdInteraction(tx: Tx, of: Pick<Interaction, 'uid' | 'session'>, userId: string): Promise<boolean>
  finishInteraction(
    tx: Tx,
    uid: string,
    result: InteractionResults,
    options?: { otherSession?: boolean },
  ): Promise<string | null>
  /** The living session of the browser that asks, for our own pages; null when nobody is signed in. */
  sessionOf(ctx: Context): Promise<CurrentSession | null>
  /** Who is signed in in this browser, and which of them apps see. */
  browserAccounts(ctx: Context): Promise<BrowserAccounts>
  /** Which of them apps see from now on, by the uids of their sessions. */
  arrangeAccounts(ctx: Context, order: { current: string | null; parked: readonly string[] }): Promise<void>
  askedOf(db: Db, interaction: Interaction, userId: string): Promise<AskedForConsent>
  saveConsent(
    tx: Tx,
    interaction: Interaction,
    userId: string,
    ticked: { openid: readonly string[]; resources: readonly string[] },
    language: Language,
  ): ReturnType<typeof saveConsent>
  /** The apps that a person is connected with, in words, for their own eyes. */
  listConnectedApps(db: Db, of: { userId: string; language: Language }): Promise<ConnectedApp[]>
  /** What a relying party is to be sent now, and where; null when there is nobody to send it to. */
  logoutRequest(notice: LogoutNotice): Promise<{ url: URL; token: string } | null>
  /** A security event token for whoever is told what happened (RFC 8417). */
  signSecurityEvent(claims: SecurityEventClaims): Promise<string>
  /** The keys that sign now, for what else is signed with them. Rejects when nobody can tell. */
  keysToSign: FollowedKeys['toSign']
  /** Follows changed keys beside the requests. Returns how to stop. */
  watchSigningKeys: FollowedKeys['watch']
}

/** Builds the engine and everything around it; nothing is read or written until a request comes. */
export function createOidc(options: OidcOptions): Oidc {
  const { database, policy } = options
  const throttle = createClientThrottle(database)
  const keys = followSigningKeys(options, options.signingKeys, {
    onChange(changed) {
      engine = engineWith(changed)
      options.onKeysChanged(changed.map(({ kid }) => String(kid)))
    },
    onError: (error) => options.onKeysTrouble(error),
  })
  const statusNumbers = createStatusNumbers(database.pool)
  const newest = () => engine.provider
  const engineWith = (signingKeys: JWK[]): Engine =>
    createEngine({ ...options, statusNumbers, keys, newest, signingKeys }, throttle)
  let engine = engineWith(options.signingKeys)
  const times = statusListTimes(options.statusListTtlSeconds)
  const statusLists = createStatusLists({ ...options, pool: database.pool, times })
  const db = database.prisma
  return {
    middleware: [
      freshKeys(keys),
      statusListEndpoint(statusLists, { times, signingKeys: keys.current }),
      globalTokenRevocation({ ...options, provider: () => engine.provider }),
      formToQuery({ paths: ['/authorize', '/logout'] }),
      askedUserCode(),
      markBrowser(),
      throttle.middleware,
      answerExactly(options),
      paceDevices(database),
      signOutOfAll(options),
      requestTransaction({ ...options, pool: database.pool }),
      async (ctx, next) => {
        await engine.middleware(ctx, next)
      },
    ],
    loadInteraction: (ctx, uid) => loadInteraction({ provider: engine.provider, db, policy }, ctx, uid),
    saveProgress,
    holdInteraction,
    finishInteraction,
    sessionOf: (ctx) => currentSession(options, ctx),
    browserAccounts: (ctx) => browserAccounts(database.pool, ctx),
    arrangeAccounts: (ctx, order) => arrangeAccounts(database.pool, ctx, order),
    askedOf,
    saveConsent: (tx, interaction, userId, ticked, language) =>
      saveConsent({ provider: engine.provider, tx }, interaction, userId, ticked, language),
    listConnectedApps: (reading, of) =>
      listConnectedApps(reading, { ...of, refreshIdleSeconds: options.lifetimes.refreshTokenIdle }),
    async logoutRequest(notice) {
      await keys.toSign()
      return logoutRequest(engine.provider, notice)
    },
    signSecurityEvent: async (claims) => signSecurityEvent(await keys.toSign(), claims),
    keysToSign: keys.toSign,
    watchSigningKeys: keys.watch,
  }
}
