import type { Context, Middleware } from 'koa'
import { digest, randomSecret } from '../crypto/index.ts'
import { ownCookie } from '../http/index.ts'

/** Long, so that tabs restored together do not each get a mark of their own. */
const DAYS = 180

const cookie = ownCookie('cardea_browser')

/**
 * Knows the browser that began a sign-in (SE-04, RFC 9700 section 4.7). The engine's cookies are bound to a path, which the
 * `__Host-` prefix does not allow: a neighbouring host of the same domain could leave a sign-in of its own in someone's browser,
 * and take over what they prove there. This mark it cannot leave.
 */
export function browserOf(ctx: Context): string | undefined {
  const mark = cookie.get(ctx)
  return mark === undefined ? undefined : digest(mark).toString('base64url')
}

/** Before the engine writes down a sign-in, the browser gets its mark; it is sent along only when one begins. */
export function markBrowser(): Middleware {
  return async function markBrowser(ctx, next) {
    ctx.state.browser = browserOf(ctx)
    if (ctx.state.browser !== undefined || !/^\/(authorize|device)(\/|$)/.test(ctx.path)) {
      await next()
      return
    }
    const mark = randomSecret()
    ctx.state.browser = digest(mark).toString('base64url')
    await next()
    const location = ctx.res.getHeader('Location')
    if (typeof location !== 'string' || !location.startsWith('/interaction/')) return
    cookie.set(ctx, mark, { seconds: DAYS * 86_400 })
  }
}

declare module 'koa' {
  interface DefaultState {
    /** Digest of the mark of the browser that asks, where it has one or is about to get one. */
    browser?: string | undefined
  }
}
