import type { Context } from 'koa'
import { ownCookie } from '../http/index.ts'

/** As long as the server knows a browser that nobody signs in with. */
const SECONDS = 180 * 86_400
const cookie = ownCookie('cardea_device')

/** What this browser is known by, as `knowBrowser` of the users room made it. It proves nothing. */
export function browserTokenOf(ctx: Context): string | undefined {
  return cookie.get(ctx)
}

/** Lets this browser keep its token, so that strangers who trip the throttles of an account do not lock its owner out (TH-03). */
export function rememberBrowser(ctx: Context, token: string): void {
  cookie.set(ctx, token, { seconds: SECONDS })
}
