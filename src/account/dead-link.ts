import type { Context } from 'koa'
import { text } from '../language/index.ts'
import { recallPending } from './by-mail/pending.ts'
import { withInteraction } from './by-mail/way-back.ts'
import type { AccountDeps } from './deps.ts'

/** What a link was to do, by its address: most that are dead were for a password. */
export type LinkKind = 'password' | 'register' | 'change_email'

/**
 * The page of a link that is used up, too old, or never was: one and the same, because the difference is nobody's business. It leads on: to
 * sign in, and where mail goes out to another mail for a password, or, where anybody may register, for an account.
 */
export function showDeadLink(
  { render, hasMail, registration }: Pick<AccountDeps, 'render' | 'hasMail' | 'registration'>,
  ctx: Context,
  kind: LinkKind,
): void {
  ctx.status = 410
  // The page says nothing of the link, its address included, so it has no picker that leads back to it.
  ctx.state.here = undefined
  ctx.type = 'html'
  const mayRegister = hasMail && registration.policy === 'open'
  ctx.body = render(ctx, 'error', {
    title: text('account:deadLink.title'),
    message: text('account:deadLink.message'),
    signInUri: '/account',
    forgotUri:
      kind === 'password' && hasMail
        ? withInteraction('/forgot', recallPending(ctx, 'reset')?.interaction)
        : undefined,
    registerUri:
      kind === 'register' && mayRegister
        ? withInteraction('/register', recallPending(ctx, 'register')?.interaction)
        : undefined,
  })
}
