import Router from '@koa/router'
import type { Middleware } from 'koa'
import { addressBlock, formBody, rateLimit } from '../http/index.ts'
import type { AccountDeps } from './deps.ts'
import { setPassword, showPasswordForm } from './password.ts'

/** Pages about one's own account. A ticket cannot be guessed; the limit keeps those who try from the database. */
export function createAccountRoutes(deps: AccountDeps): Middleware {
  const throttle = rateLimit({
    name: 'password_link',
    points: 60,
    perSeconds: 60,
    key: (ctx) => addressBlock(ctx.state.ip),
  })
  const router = new Router({ prefix: '/account' })
  router.get('/password', throttle, (ctx) => showPasswordForm(deps, ctx))
  router.post('/password', throttle, formBody(), (ctx) => setPassword(deps, ctx))
  router.get('/password-set', (ctx) => {
    ctx.type = 'html'
    ctx.body = deps.render('password-set', {})
  })
  return router.routes() as unknown as Middleware
}
