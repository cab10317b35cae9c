import type { Context } from 'koa'
import { checkCsrf, csrfToken, field } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text, TextKey } from '../../language/index.ts'
import { browserTokenOf } from '../../oidc/index.ts'
import { checkMailCode, spendMailTicketByCode, tradeCodeForLink } from '../../users/index.ts'
import type { SentForm } from '../../users/index.ts'
import { tooMany } from './ask.ts'
import { confirm } from './confirm.ts'
import type { ByMailDeps } from './deps.ts'
import { markBrowser } from './form-binding.ts'
import { recallPending } from './pending.ts'
import type { Pending, PendingKind } from './pending.ts'
import { leadsTo, ledAgain, sentForm } from './sent-twice.ts'
import { wayBack, withInteraction } from './way-back.ts'

const places: Record<PendingKind, { at: string; again: string; intro: TextKey }> = {
  register: {
    ...{ at: '/register/check', again: '/register' },
    intro: 'register:check.register',
  },
  reset: {
    ...{ at: '/forgot/check', again: '/forgot' },
    intro: 'register:check.reset',
  },
  change_email: {
    ...{ at: '/account/email/check', again: '/account/profile' },
    intro: 'register:check.changeEmail',
  },
}

/** "Look into your mail", with a field for the code. The same whatever was mailed. A browser that asked for nothing begins at the start. */
export function showCheck(deps: ByMailDeps, ctx: Context, kind: PendingKind): void {
  const pending = recallPending(ctx, kind)
  if (pending) showPage(deps, ctx, kind, pending)
  else startAgain(ctx, kind)
}

/** Takes the code. Right, it does what the link does; a password is then chosen on the page of the link. */
export async function enterCode(deps: ByMailDeps, ctx: Context, kind: PendingKind): Promise<void> {
  const pending = recallPending(ctx, kind)
  if (!pending) {
    startAgain(ctx, kind)
    return
  }
  checkCsrf(ctx, deps.keys, binding(kind, pending), field(ctx.request.body, 'csrf'))
  const { id, email } = pending
  const code = field(ctx.request.body, 'code') ?? ''
  const form = sentForm(ctx, kind, id, code)
  const verdict = await checkMailCode(deps, {
    ...{ id, email, code, purpose: kind, ip: ctx.state.ip },
    browserToken: browserTokenOf(ctx),
  })
  if (!verdict.ok) {
    if (await ledAgain(deps, ctx, form)) return
    if (verdict.reason === 'throttled')
      showPage(deps, ctx, kind, pending, { problem: tooMany(ctx, verdict.retryAfter) })
    else showWrong(deps, ctx, kind, pending)
    return
  }
  if (kind === 'reset') {
    const traded = await trade(deps, ctx, { form, ticket: verdict.ticket })
    // Somebody was faster, with the code or with the link.
    if (!traded) showWrong(deps, ctx, kind, pending)
    return
  }
  await confirm(deps, ctx, { kind, form }, (tx) =>
    spendMailTicketByCode({ tx, sealer: deps.sealer }, verdict.ticket),
  )
}

/** Leads to the page of the link, where a password is chosen; false when the code is used up. */
async function trade(
  deps: ByMailDeps,
  ctx: Context,
  { form, ticket }: { form: SentForm | null; ticket: Parameters<typeof tradeCodeForLink>[1] },
): Promise<boolean> {
  const next = await deps.database.transaction(async (tx) => {
    const link = await tradeCodeForLink(tx, ticket)
    if (link === null) return null
    const address = `/account/password?ticket=${link}`
    await leadsTo(deps, tx, form, address)
    return address
  })
  if (next === null) return ledAgain(deps, ctx, form)
  ctx.status = 303
  ctx.redirect(next)
  return true
}

function showWrong(deps: ByMailDeps, ctx: Context, kind: PendingKind, pending: Pending): void {
  ctx.status = 422
  showPage(deps, ctx, kind, pending, { error: text('register:check.wrong') })
}

function showPage(
  { render, keys }: ByMailDeps,
  ctx: Context,
  kind: PendingKind,
  pending: Pending,
  fault: { error?: Text; problem?: Text } = {},
): void {
  const { at, again, intro } = places[kind]
  markBrowser(ctx)
  ctx.state.here = at
  ctx.type = 'html'
  ctx.body = render(ctx, 'check-mail', {
    action: at,
    csrf: csrfToken(keys, binding(kind, pending)),
    intro: text(intro, { email: pending.email }),
    againUri: kind === 'change_email' ? again : withInteraction(again, pending.interaction),
    backUri: wayBack(pending.interaction),
    ...fault,
  })
}

function startAgain(ctx: Context, kind: PendingKind): void {
  ctx.status = 303
  ctx.redirect(places[kind].again)
}

function binding(kind: PendingKind, { id }: Pending): string {
  return `${places[kind].at}:${id}`
}
