import type Router from '@koa/router'
import type { Context } from 'koa'
import { checkCsrf, field, formBody } from '../../http/index.ts'
import type { Form } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { AccountDeps } from '../deps.ts'
import { leaveNotice } from './notice.ts'
import type { Notice } from './notice.ts'
import { addressOf, hasJustReturned, leaveToSignIn } from './round-trip.ts'
import { formBinding, VisitorGone, visitorOf } from './visitor.ts'
import type { Visitor } from './visitor.ts'

/** Shows a page, or its form again with what is wrong with it. */
export type Show = (deps: AccountDeps, ctx: Context, visitor: Visitor) => Promise<void>
/** Does what a form asks for, and leads on. */
export type Act = (deps: AccountDeps, ctx: Context, visitor: Visitor, form: Form) => Promise<void>

/** An address of the account pages. Every one needs a sign-in; `fresh` says what needs one that is not older than five minutes. */
export type SelfPage = {
  /** Below the issuer; `:name` is one segment. */
  path: string
  get?: { show: Show; fresh: boolean }
  /** `from`: the page with its form, with the same segments, where somebody who had to sign in first comes back to. `late`: what is said there. */
  post?: { act: Act; fresh: boolean; from: string; late: Notice }
}

/**
 * Puts the pages on a router. Whoever is not signed in, or not lately enough, is sent to sign in and comes back: to the page they asked
 * for, or to the form they sent, with a sentence that nothing was done yet. A form is looked at only with the token of this session.
 */
export function serve(router: Router, deps: AccountDeps, pages: readonly SelfPage[]): void {
  for (const { path, get, post } of pages) {
    if (get)
      router.get(path, async (ctx) => {
        const visitor = await visitorOf(deps, ctx)
        // Fresh, so the clocks agree: what comes later is no circle.
        if (visitor?.isFresh) hasJustReturned(ctx)
        if (visitor && (visitor.isFresh || !get.fresh)) await get.show(deps, ctx, visitor)
        else if (visitor && hasJustReturned(ctx)) showNotFresh(deps, ctx)
        else leaveToSignIn(deps, ctx, { to: addressOf(ctx), visitor })
      })
    if (post)
      router.post(path, formBody(), async (ctx) => {
        const visitor = await visitorOf(deps, ctx)
        const form = ctx.request.body as Form
        // Where GET shows what a refused form is shown again as: for the language picker.
        ctx.state.here = filled(post.from, ctx)
        if (visitor) checkCsrf(ctx, deps.keys, formBinding(visitor), field(form, 'csrf'))
        const maySend = visitor && (visitor.isFresh || !post.fresh)
        if (visitor && !maySend && hasJustReturned(ctx)) {
          showNotFresh(deps, ctx)
          return
        }
        const wasSent = maySend && (await isDone(post.act(deps, ctx, visitor, form)))
        if (!wasSent) leaveToSignIn(deps, ctx, { to: filled(post.from, ctx), notice: post.late, visitor })
      })
  }
}

/** Better an honest error than a circle of sign-ins. The next try begins anew. */
function showNotFresh({ render }: AccountDeps, ctx: Context): void {
  ctx.status = 503
  ctx.set('Retry-After', '60')
  ctx.type = 'html'
  ctx.body = render(ctx, 'error', {
    ...{ title: text('account:notFresh.title'), message: text('account:notFresh.message') },
    ...{ code: 'sign_in_not_fresh', startAgainUri: '/account' },
  })
}

/** False when the one who sent the form was signed out before it could be done, and so nothing was. */
async function isDone(act: Promise<void>): Promise<boolean> {
  try {
    await act
    return true
  } catch (error) {
    if (error instanceof VisitorGone) return false
    throw error
  }
}

/** After a form: on to a page, which says once what was done. */
export function goOn(ctx: Context, to: string, notice?: Notice): void {
  if (notice) leaveNotice(ctx, notice)
  ctx.status = 303
  ctx.redirect(to)
}

/** A segment of the address, as the pattern names it. */
export function segment(ctx: Context, name: string): string {
  return (ctx['params'] as Record<string, string>)[name] ?? ''
}

function filled(path: string, ctx: Context): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(segment(ctx, name)))
}
