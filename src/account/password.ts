import type { Context } from 'koa'
import { checkCsrf, csrfToken, field } from '../http/index.ts'
import { revoke } from '../oidc/index.ts'
import { findPasswordTicket, passwordProblem, spendPasswordTicket } from '../users/index.ts'
import type { PasswordProblem } from '../users/index.ts'
import type { AccountDeps } from './deps.ts'

type Ticket = NonNullable<Awaited<ReturnType<typeof findPasswordTicket>>>

/** The form behind an invitation or a password reset. Showing it uses nothing up. */
export async function showPasswordForm(deps: AccountDeps, ctx: Context): Promise<void> {
  const ticket = ctx.query['ticket']
  const found = await find(deps, ticket)
  if (found) showForm(deps, ctx, found)
  else showDeadLink(deps, ctx)
}

/**
 * Sets the password, with the ticket used up and every session ended in the same transaction (RE-02). Signs nobody in: the next
 * sign-in asks for the new password and the second factor as ever.
 */
export async function setPassword(deps: AccountDeps, ctx: Context): Promise<void> {
  const ticket = field(ctx.request.body, 'ticket') ?? ''
  checkCsrf(ctx, deps.keys, binding(ticket), field(ctx.request.body, 'csrf'))
  const found = await find(deps, ticket)
  if (!found) {
    showDeadLink(deps, ctx)
    return
  }
  const password = field(ctx.request.body, 'password') ?? ''
  const { email, name, id } = found.user
  const problem = passwordProblem(password, {
    email,
    words: [deps.issuerName, ...(name?.split(/\s+/) ?? [])],
  })
  if (problem) {
    ctx.status = 422
    showForm(deps, ctx, found, sentences[problem])
    return
  }
  const passwordHash = await deps.hasher.hash(password)
  const by = { ip: ctx.state.ip, actor: { via: 'user' as const, userId: id, requestId: ctx.state.requestId } }
  const userId = await deps.database.transaction(async (tx) => {
    const spent = await spendPasswordTicket(tx, { ticket, passwordHash }, by)
    if (spent !== null) await revoke(tx, { userId: spent }, { reason: 'password_changed', ...by })
    return spent
  })
  if (userId === null) {
    showDeadLink(deps, ctx)
    return
  }
  ctx.status = 303
  ctx.redirect('/account/password-set')
}

async function find(
  { database }: AccountDeps,
  ticket: unknown,
): Promise<(Ticket & { ticket: string }) | null> {
  if (typeof ticket !== 'string' || !/^[\w-]{43}$/.test(ticket)) return null
  const found = await findPasswordTicket(database.prisma, ticket)
  return found && { ...found, ticket }
}

function showForm(
  { render, keys }: AccountDeps,
  ctx: Context,
  { user, purpose, ticket }: Ticket & { ticket: string },
  error?: string,
): void {
  ctx.type = 'html'
  ctx.body = render('set-password', {
    action: '/account/password',
    csrf: csrfToken(keys, binding(ticket)),
    email: user.email,
    invited: purpose === 'invite',
    ...{ ticket, error },
  })
}

function showDeadLink({ render }: AccountDeps, ctx: Context): void {
  ctx.status = 410
  ctx.type = 'html'
  ctx.body = render('error', {
    title: 'This link cannot be used',
    message:
      'It works once and for a short time, and a newer one ends it. Ask whoever sent it to you for a new link.',
  })
}

function binding(ticket: string): string {
  return `account/password:${ticket}`
}

const sentences: Record<PasswordProblem, string> = {
  too_short: 'This password is too short. Use at least 8 characters.',
  too_long: 'This password is too long. Use fewer than 1,000 characters.',
  malformed: 'This password holds characters that cannot be stored. Choose another one.',
  contains_email: 'This password is little more than your email address. Choose another one.',
  contains_context: 'This password is little more than your name or ours. Choose another one.',
  too_common: 'This password is one of those that are tried first. Choose another one.',
}
