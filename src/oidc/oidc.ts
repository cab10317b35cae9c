import type { Context, Middleware } from 'koa'
import mount from 'koa-mount'
import type { InteractionResults, Provider } from 'oidc-provider'
import type { Db, Tx } from '../db/index.ts'
import { markBrowser } from './browser-mark.ts'
import { answerExactly } from './exact-answers.ts'
import { createClientThrottle } from './client-throttle.ts'
import { tellFailures } from './failures.ts'
import { askedOf, saveConsent } from './grants.ts'
import type { AskedForConsent } from './grants.ts'
import { finishInteraction, loadInteraction, saveProgress } from './interactions.ts'
import type { Interaction, LoadedInteraction, ProgressToKeep } from './interactions.ts'
import type { OidcOptions } from './options.ts'
import { formToQuery } from './post-to-get.ts'
import { createProvider } from './provider.ts'
import { requestTransaction } from './request-transaction.ts'

/** The protocol endpoints as middleware, and what the hosted pages need of the engine. */
export type Oidc = {
  middleware: Middleware[]
  loadInteraction(ctx: Context, uid: string): Promise<LoadedInteraction>
  saveProgress(db: Db, uid: string, progress: ProgressToKeep): Promise<boolean>
  finishInteraction(tx: Tx, uid: string, result: InteractionResults): Promise<string | null>
  askedOf(db: Db, interaction: Interaction, userId: string): Promise<AskedForConsent>
  saveConsent(
    tx: Tx,
    interaction: Interaction,
    userId: string,
    ticked: { openid: readonly string[]; resources: readonly string[] },
  ): ReturnType<typeof saveConsent>
}

/** Builds the engine and everything around it; nothing is read or written until a request comes. */
export function createOidc(options: OidcOptions): Oidc {
  const { database, policy } = options
  const throttle = createClientThrottle()
  const provider: Provider = createProvider(options, throttle)
  const db = database.prisma
  return {
    middleware: [
      formToQuery({ paths: ['/authorize', '/logout'] }),
      markBrowser(),
      throttle.middleware,
      answerExactly(options),
      requestTransaction({ ...options, pool: database.pool }),
      tellFailures(provider, options.onFailure),
      mount(provider) as Middleware,
    ],
    loadInteraction: (ctx, uid) => loadInteraction({ provider, db, totpPolicy: policy.totp }, ctx, uid),
    saveProgress,
    finishInteraction,
    askedOf,
    saveConsent: (tx, interaction, userId, ticked) =>
      saveConsent({ provider, tx }, interaction, userId, ticked),
  }
}
