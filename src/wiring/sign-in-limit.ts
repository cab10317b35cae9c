import type { Context, Middleware } from 'koa'
import { addressBlock, rateLimit } from '../http/index.ts'
import { sessionCookie } from '../oidc/index.ts'

/**
 * Bounds the rows that somebody who has not signed in can leave behind (HT-05): each sign-in that is begun, each device
 * that asks for a code, each look at the page for such codes and each question whether to sign out, is one. Counted per address; browsers that bring a session cookie of ours apart from the others, so that
 * a crowd of newcomers behind one address does not hold up those inside, and only when they leave something. The cookie alone
 * exempts nobody: the sign-out page gives one to anyone.
 */
export function signInLimit(startsPerMinute: number): Middleware {
  return rateLimit({
    name: 'sign_in',
    points: startsPerMinute,
    perSeconds: 60,
    key(ctx) {
      if (!paths.has(ctx.path)) return undefined
      return `${addressBlock(ctx.state.ip)}${hasSessionCookie(ctx) ? ' with session' : ''}`
    },
    giveBack: (ctx) => ctx.path === '/authorize' && hasSessionCookie(ctx) && isBackAtClient(ctx),
  })
}

const paths = new Set(['/authorize', '/logout', '/device', '/device_authorization'])

function hasSessionCookie(ctx: Context): boolean {
  return sessionCookie.get(ctx) !== undefined
}

function isBackAtClient({ res }: Context): boolean {
  // Koa's own get says undefined for a header that is not there, whatever its type.
  const location = res.getHeader('Location')
  return typeof location === 'string' && !location.startsWith('/interaction/')
}
