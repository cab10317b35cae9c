import type { Context } from 'koa'
import type { Tx } from '../db/index.ts'
import { checkCsrf, csrfToken, field } from '../http/index.ts'
import type { Text } from '../language/index.ts'
import { revoke } from '../oidc/index.ts'
import { enqueueMail } from '../mail/index.ts'
import { findPasswordLink, passwordProblem, spendPasswordLink } from '../users/index.ts'
import { markBrowser } from './by-mail/form-binding.ts'
import { recallPending } from './by-mail/pending.ts'
import { leadsTo, ledAgain, sentForm } from './by-mail/sent-twice.ts'
import { interactionOf, wayAnew, withInteraction } from './by-mail/way-back.ts'
import { showDeadLink } from './dead-link.ts'
import type { AccountDeps } from './deps.ts'

type Ticket = NonNullable<Awaited<ReturnType<typeof findPasswordLink>>>

/** The form behind an invitation or a password reset. Showing it uses nothing up. */
export async function showPasswordForm(deps: AccountDeps, ctx: Context): Promise<void> {
  const ticket = ctx.query['ticket']
  const found = await find(deps, ticket)
  if (found) showForm(deps, ctx, found)
  else showDeadLink(deps, ctx, 'password')
}

/**
 * Sets the password, with the ticket used up and every session ended in the same transaction (RE-02). Signs nobody in: the next
 * sign-in asks for the new password and the second factor as ever.
 */
export async function setPassword(deps: AccountDeps, ctx: Context): Promise<void> {
  const ticket = field(ctx.request.body, 'ticket') ?? ''
  checkCsrf(ctx, deps.keys, binding(ticket), field(ctx.request.body, 'csrf'))
  const password = field(ctx.request.body, 'password') ?? ''
  const form = sentForm(ctx, 'password', ticket, password)
  const found = await find(deps, ticket)
  if (!found) {
    if (!(await ledAgain(deps, ctx, form))) showDeadLink(deps, ctx, 'password')
    return
  }
  const { email, name, id } = found.user
  const problem = await passwordProblem(deps.passwordRules, { password, email, name })
  if (problem) {
    ctx.status = 422
    showForm(deps, ctx, found, problem.text)
    return
  }
  const passwordHash = await deps.hasher.hash(password)
  const by = { ip: ctx.state.ip, actor: { via: 'user' as const, userId: id, requestId: ctx.state.requestId } }
  const next = withInteraction('/account/password-set', interactionBehind(ctx, found))
  const user = await deps.database.transaction(async (tx) => {
    const spent = await spendPasswordLink({ tx, sealer: deps.sealer }, { ticket, passwordHash }, by)
    if (!spent) return null
    await revoke(tx, { userId: id }, { reason: 'password_changed', ...by })
    if (found.purpose === 'reset') await tellOfNewPassword(deps, ctx, tx, spent)
    await leadsTo(deps, tx, form, next)
    return spent
  })
  if (!user) {
    if (!(await ledAgain(deps, ctx, form))) showDeadLink(deps, ctx, 'password')
    return
  }
  ctx.status = 303
  ctx.redirect(next)
}

/** What comes after it: the way to the sign-in that it was asked for from, or else to the app that this browser came from. */
export async function showPasswordSet(deps: AccountDeps, ctx: Context): Promise<void> {
  const app = await deps.wayToApp(ctx)
  const continueUri = wayAnew(interactionOf(ctx)) ?? app?.uri
  ctx.type = 'html'
  ctx.body = deps.render(ctx, 'password-set', { client: app?.client, continueUri })
}

/** The sign-in in which this browser asked for this very mail. */
function interactionBehind(ctx: Context, { mailTicket }: Ticket): string | undefined {
  const asked = recallPending(ctx, 'reset')
  return asked?.id === mailTicket ? asked?.interaction : undefined
}

function tellOfNewPassword(
  { sealer }: AccountDeps,
  ctx: Context,
  tx: Tx,
  { id, email, locale }: Ticket['user'],
): Promise<unknown> {
  const data = {
    what: 'password_changed' as const,
    at: new Date(),
    ip: ctx.state.ip,
    userAgent: ctx.get('User-Agent'),
  }
  return enqueueMail(
    { tx, sealer },
    { to: email, language: locale, userId: id, template: 'security-notice', data },
  )
}

async function find(
  { database }: AccountDeps,
  ticket: unknown,
): Promise<(Ticket & { ticket: string }) | null> {
  if (typeof ticket !== 'string' || !/^[\w-]{43}$/.test(ticket)) return null
  const found = await findPasswordLink(database.prisma, ticket)
  return found && { ...found, ticket }
}

function showForm(
  { render, keys }: AccountDeps,
  ctx: Context,
  { user, purpose, ticket }: Ticket & { ticket: string },
  error?: Text,
): void {
  markBrowser(ctx)
  ctx.type = 'html'
  ctx.body = render(ctx, 'set-password', {
    action: '/account/password',
    csrf: csrfToken(keys, binding(ticket)),
    email: user.email,
    invited: purpose === 'invite',
    ...{ ticket, error },
  })
}

function binding(ticket: string): string {
  return `account/password:${ticket}`
}
