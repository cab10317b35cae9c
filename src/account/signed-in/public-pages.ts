import type Router from '@koa/router'
import type { Context } from 'koa'
import type { AccountDeps } from '../deps.ts'
import { goOn } from './frame.ts'
import { leaveNotice } from './notice.ts'
import { comeBack, leaveToSwitch, leftToSwitch } from './round-trip.ts'

/** The addresses below /account that need no sign-in: where one comes back from it, and what is said when there is none any more. */
export function servePublic(router: Router, deps: AccountDeps): void {
  router.get('/account/signed-in', (ctx) => signedIn(deps, ctx))
  router.get('/account/switch', (ctx) => {
    leaveToSwitch(deps, ctx)
  })
  router.get('/account/signed-out', (ctx) => {
    ended(deps, ctx, 'signedOut')
  })
  router.get('/account/deleted', (ctx) => {
    ended(deps, ctx, 'deleted')
  })
}

export const publicPages: Record<string, string[]> = {
  '/account/signed-in': ['GET'],
  '/account/switch': ['GET'],
  '/account/signed-out': ['GET'],
  '/account/deleted': ['GET'],
}

/** Back from a sign-in: on to the page that was asked for. Somebody who gave it up goes to the pages that need no fresh one. */
async function signedIn(deps: AccountDeps, ctx: Context): Promise<void> {
  const isRefused = typeof ctx.query['error'] === 'string'
  if (!isRefused) {
    goOn(ctx, comeBack(deps, ctx, ctx.query['state'])?.to ?? '/account')
    return
  }
  if ((await deps.oidc.sessionOf(ctx)) === null) {
    ended(deps, ctx, 'notSignedIn')
    return
  }
  // Who chose no other account has nothing to be told.
  if (!leftToSwitch(ctx, ctx.query['state'])) leaveNotice(ctx, 'notConfirmed')
  goOn(ctx, '/account')
}

function ended({ render }: AccountDeps, ctx: Context, what: 'signedOut' | 'deleted' | 'notSignedIn'): void {
  ctx.type = 'html'
  ctx.body = render(ctx, 'account/ended', { what })
}
