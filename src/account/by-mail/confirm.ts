import type { Context } from 'koa'
import type { Tx } from '../../db/index.ts'
import { checkCsrf, csrfToken, field } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import { findMailTicket, spendMailTicketByLink } from '../../users/index.ts'
import type { SentForm, SpentMailTicket } from '../../users/index.ts'
import { showDeadLink } from '../dead-link.ts'
import type { ByMailDeps } from './deps.ts'
import { allowedDomains, mayChoose } from './domains.ts'
import { markBrowser } from './form-binding.ts'
import { makeAccount } from './make-account.ts'
import { AddressTaken, changeAddress } from './new-address.ts'
import { recallPending } from './pending.ts'
import { isOpen } from './register.ts'
import { leadsTo, ledAgain, sentForm } from './sent-twice.ts'

export type Confirmation = 'register' | 'change_email'

const places = {
  register: { at: '/register/confirm', done: '/register/done' },
  change_email: { at: '/account/email/confirm', done: '/account/email/done' },
}

/** The page behind the link of a mail: a button. Looking at it changes nothing, however often a mail scanner does. */
export async function showConfirm(deps: ByMailDeps, ctx: Context, kind: Confirmation): Promise<void> {
  const ticket = ticketIn(ctx.query['ticket'])
  const found = ticket && (await findMailTicket(deps.database.prisma, { ticket, purposes: [kind] }))
  if (!ticket || !found || (kind === 'register' && !isOpen(deps))) {
    showDeadLink(deps, ctx, kind)
    return
  }
  markBrowser(ctx)
  ctx.type = 'html'
  ctx.body = deps.render(ctx, 'confirm-address', {
    action: places[kind].at,
    csrf: csrfToken(deps.keys, binding(kind, ticket)),
    email: found.email,
    isNew: kind === 'register',
    ticket,
  })
}

/** The button: uses the ticket up and does what it was for, in one transaction. */
export async function confirmByLink(deps: ByMailDeps, ctx: Context, kind: Confirmation): Promise<void> {
  const sent = field(ctx.request.body, 'ticket') ?? ''
  checkCsrf(ctx, deps.keys, binding(kind, sent), field(ctx.request.body, 'csrf'))
  const ticket = ticketIn(sent)
  if (!ticket) {
    showDeadLink(deps, ctx, kind)
    return
  }
  const { sealer } = deps
  const form = sentForm(ctx, kind, ticket)
  await confirm(deps, ctx, { kind, form }, (tx) =>
    spendMailTicketByLink({ tx, sealer }, { ticket, purposes: [kind] }),
  )
}

/** Does what the mail was about, with the ticket used up by `spend` in the same transaction. Signs nobody in. */
export async function confirm(
  deps: ByMailDeps,
  ctx: Context,
  { kind, form }: { kind: Confirmation; form: SentForm | null },
  spend: (tx: Tx) => Promise<SpentMailTicket | null>,
): Promise<void> {
  const { ip, requestId } = ctx.state
  const by = { ip, actor: { via: 'user' as const, requestId } }
  const goOn = async (tx: Tx, next: string) => {
    await leadsTo(deps, tx, form, next)
    return { next }
  }
  const work = async (tx: Tx): Promise<'dead' | 'domain' | 'taken' | { next: string }> => {
    const spent = await spend(tx)
    if (!spent || (kind === 'register' && !isOpen(deps))) return 'dead'
    // Named since the mail was asked for.
    if (!mayChoose(deps.registration, spent.email)) return 'domain'
    if (kind === 'register') {
      const isOwnBrowser = recallPending(ctx, 'register')?.id === spent.id
      const made = await makeAccount(tx, spent, { isOwnBrowser }, by)
      if (!made.ok) return 'taken'
      return goOn(
        tx,
        made.ticket === undefined ? places.register.done : `/account/password?ticket=${made.ticket}`,
      )
    }
    const changing = { ...by, userAgent: ctx.get('User-Agent') }
    const changed = await changeAddress({ tx, sealer: deps.sealer }, spent, changing)
    return changed ? goOn(tx, places.change_email.done) : 'taken'
  }
  const outcome = await deps.database.transaction(work).catch((error: unknown) => {
    if (error instanceof AddressTaken) return 'taken' as const
    throw error
  })
  if (outcome === 'dead') {
    if (!(await ledAgain(deps, ctx, form))) showDeadLink(deps, ctx, kind)
  } else if (outcome === 'taken') showTaken(deps, ctx)
  else if (outcome === 'domain') showDomains(deps, ctx)
  else {
    ctx.status = 303
    ctx.redirect(outcome.next)
  }
}

/** Whoever gets here reads the mails of the address: they may know. */
function showTaken({ render }: ByMailDeps, ctx: Context): void {
  ctx.status = 409
  ctx.type = 'html'
  ctx.body = render(ctx, 'error', {
    title: text('register:taken.title'),
    message: text('register:taken.message'),
    signInUri: '/account',
  })
}

function showDomains({ render, registration }: ByMailDeps, ctx: Context): void {
  ctx.status = 403
  ctx.type = 'html'
  ctx.body = render(ctx, 'error', {
    title: text('register:otherDomain.title'),
    message: text('register:otherDomain.message', { domains: allowedDomains(registration).join(', ') }),
    signInUri: '/account',
  })
}

function ticketIn(value: unknown): string | null {
  return typeof value === 'string' && /^[\w-]{43}$/.test(value) ? value : null
}

function binding(kind: Confirmation, ticket: string): string {
  return `${places[kind].at}:${ticket}`
}
