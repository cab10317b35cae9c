import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import { HttpProblem } from './http-problem.ts'

const readingMethods = ['GET', 'HEAD', 'OPTIONS']

/**
 * Turns away form posts that a browser says come from elsewhere, with 403 (SE-06): Sec-Fetch-Site must be same-origin
 * (or `none`: the user's own doing) when it is sent, Origin, or else the Referer's origin, must be ours when it is sent.
 * `Origin: null` says nothing: our own pages send it because of their Referrer-Policy. Clients that send none of these
 * are left to the token (`checkCsrf`), which every hosted form carries as well.
 */
export function csrfGuard({ origin }: { origin: string }): Middleware {
  return async function csrfGuard(ctx, next) {
    if (!readingMethods.includes(ctx.method) && !isFromHere(ctx, origin)) {
      throw new HttpProblem(403, { reason: 'cross_site' })
    }
    await next()
  }
}

/** Makes the hidden token for a form, bound to what the form belongs to (an interaction's uid, a session's). */
export function csrfToken(keys: readonly Uint8Array[], binding: string): string {
  const [newest] = keys
  if (!newest) throw new Error('a CSRF token needs a key')
  return tokenUnder(newest, binding)
}

/**
 * Checks the token a form sent back against what the form belongs to; throws a 403 `HttpProblem` unless one of the keys
 * made it for this very binding. Anything but a string is no token.
 */
export function checkCsrf(ctx: Context, keys: readonly Uint8Array[], binding: string, token: unknown): void {
  if (typeof token === 'string' && keys.some((key) => sameText(token, tokenUnder(key, binding)))) return
  ctx.state.refused = 'csrf_token'
  throw new HttpProblem(403, { reason: 'csrf_token' })
}

function isFromHere(ctx: Context, origin: string): boolean {
  const site = ctx.get('Sec-Fetch-Site')
  if (site !== '' && site !== 'same-origin' && site !== 'none') return false
  const stated = ctx.get('Origin')
  if (stated !== '' && stated !== 'null') return stated === origin
  const referer = ctx.get('Referer')
  return referer === '' || URL.parse(referer)?.origin === origin
}

function tokenUnder(key: Uint8Array, binding: string): string {
  return createHmac('sha256', key).update('cardea/csrf/v1\n').update(binding, 'utf8').digest('base64url')
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.byteLength === right.byteLength && timingSafeEqual(left, right)
}
