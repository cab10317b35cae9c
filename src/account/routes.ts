import Router from '@koa/router'
import type { Middleware } from 'koa'
import { addressBlock, formBody, rateLimit } from '../http/index.ts'
import type { AccountDeps } from './deps.ts'
import { setPassword, showPasswordForm, showPasswordSet } from './password.ts'
import { serve } from './signed-in/frame.ts'
import { selfPages } from './signed-in/pages.ts'
import { servePublic } from './signed-in/public-pages.ts'

/** Pages about one's own account. A ticket cannot be guessed; the limit keeps those who try from the database. */
export function createAccountRoutes(deps: AccountDeps): Middleware {
  const throttle = rateLimit({
    name: 'password_link',
    points: 60,
    perSeconds: 60,
    key: (ctx) => addressBlock(ctx.state.ip),
  })
  const router = new Router()
  router.get('/account/password', throttle, (ctx) => showPasswordForm(deps, ctx))
  router.post('/account/password', throttle, formBody(), (ctx) => setPassword(deps, ctx))
  router.get('/account/password-set', (ctx) => showPasswordSet(deps, ctx))
  servePublic(router, deps)
  serve(router, deps, selfPages)
  return router.routes() as unknown as Middleware
}
