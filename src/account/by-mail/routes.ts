import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { addressBlock, formBody, rateLimit } from '../../http/index.ts'
import { enterCode, showCheck } from './check-mail.ts'
import { confirmByLink, showConfirm } from './confirm.ts'
import type { ByMailDeps } from './deps.ts'
import { forgot, showForgot } from './forgot.ts'
import { recallPending } from './pending.ts'
import { register, showRegister } from './register.ts'
import { wayBack } from './way-back.ts'

/**
 * Registration, forgotten passwords, new addresses: pages before and behind a mail. Guesses and mails are counted in the database; the
 * limit here keeps floods from it.
 */
export function createByMailRoutes(deps: ByMailDeps): Middleware {
  const throttle = rateLimit({
    name: 'by_mail',
    points: 120,
    perSeconds: 60,
    key: (ctx) => addressBlock(ctx.state.ip),
  })
  const router = new Router()
  const page = (path: string, show: (ctx: Context) => Promise<void> | void) => {
    router.get(path, throttle, (ctx) => show(ctx))
  }
  const form = (path: string, take: (ctx: Context) => Promise<void>) => {
    router.post(path, throttle, formBody(), (ctx) => take(ctx))
  }
  page('/register', (ctx) => {
    showRegister(deps, ctx)
  })
  form('/register', (ctx) => register(deps, ctx))
  page('/forgot', (ctx) => {
    showForgot(deps, ctx)
  })
  form('/forgot', (ctx) => forgot(deps, ctx))
  const checks = {
    '/register/check': 'register',
    '/forgot/check': 'reset',
    '/account/email/check': 'change_email',
  } as const
  for (const [path, kind] of Object.entries(checks)) {
    page(path, (ctx) => {
      showCheck(deps, ctx, kind)
    })
    form(path, (ctx) => enterCode(deps, ctx, kind))
  }
  const confirmations = { '/register/confirm': 'register', '/account/email/confirm': 'change_email' } as const
  for (const [path, kind] of Object.entries(confirmations)) {
    page(path, (ctx) => showConfirm(deps, ctx, kind))
    form(path, (ctx) => confirmByLink(deps, ctx, kind))
  }
  page('/register/done', (ctx) => {
    ctx.type = 'html'
    const continueUri = wayBack(recallPending(ctx, 'register')?.interaction)
    ctx.body = deps.render(ctx, 'registered', { continueUri })
  })
  page('/account/email/done', (ctx) => {
    ctx.type = 'html'
    ctx.body = deps.render(ctx, 'address-changed', {})
  })
  return router.routes() as unknown as Middleware
}
