import type { Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Database } from '../db/index.ts'
import { engineError } from './errors.ts'
import { notePoll, POLL_INTERVAL } from './store/device-codes.ts'

/**
 * What the engine leaves out of RFC 8628: it tells a device how often it may ask (section 3.2), and one that asks sooner to slow down
 * (section 3.5). Only while nobody has answered: whoever has an answer to get gets it.
 */
export function paceDevices({ pool }: Pick<Database, 'pool'>): Middleware {
  return async function paceDevices(ctx, next) {
    await next()
    if (ctx.path === '/device_authorization' && ctx.status === 200) {
      ctx.body = { ...(ctx.body as object), interval: POLL_INTERVAL }
      return
    }
    const body = ctx.body as { error?: string } | null
    if (ctx.path !== '/token' || body?.error !== 'authorization_pending') return
    const { oidc } = ctx as unknown as KoaContextWithOIDC
    const deviceCode = oidc.params?.['device_code']
    try {
      if (typeof deviceCode === 'string' && (await notePoll(pool, deviceCode)))
        ctx.body = {
          error: 'slow_down',
          error_description: 'you are asking too often, wait 5 seconds longer',
        }
    } catch (error) {
      throw engineError(error)
    }
  }
}
