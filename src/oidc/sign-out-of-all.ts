import type { Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Database } from '../db/index.ts'
import { arrangeAccounts, browserAccounts } from './browser-accounts.ts'
import { engineError } from './errors.ts'
import { revoke } from './revocation/revoke.ts'

/**
 * "Sign out of all accounts": after the engine has ended the session it knows (and has verified that the person meant it), the ones
 * that wait in this browser end too.
 */
export function signOutOfAll({ database }: { database: Database }): Middleware {
  return async function signOutOfAll(ctx, next) {
    await next()
    if (ctx.path !== '/logout/confirm' || ctx.status >= 400 || !('oidc' in ctx)) return
    const { body } = (ctx as unknown as KoaContextWithOIDC).oidc
    if (!body?.['logout'] || body['accounts'] !== 'all') return
    try {
      const { parked } = await browserAccounts(database.pool, ctx)
      if (parked.length === 0) return
      await database.transaction(async (tx) => {
        for (const { sessionUid, userId } of parked)
          await revoke(
            tx,
            { sessionUid, keepOffline: true },
            { reason: 'signed_out', ip: ctx.state.ip, actor: { via: 'user', userId } },
          )
      })
      await arrangeAccounts(database.pool, ctx, { current: null, parked: [] })
    } catch (error) {
      throw engineError(error)
    }
  }
}
