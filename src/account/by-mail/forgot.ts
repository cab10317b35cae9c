import type { Context } from 'koa'
import { record } from '../../audit/index.ts'
import { checkCsrf, csrfToken, field } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { findUserByEmail, issueMailTicket, normaliseEmail } from '../../users/index.ts'
import { countAsking, knownBrowser } from './ask.ts'
import type { ByMailDeps } from './deps.ts'
import { formBinding } from './form-binding.ts'
import { rememberPending } from './pending.ts'
import { interactionOf, isInteractionUid, wayBack, withInteraction } from './way-back.ts'

/** The form for a forgotten password, or whom to ask where no mail goes out. */
export function showForgot(deps: ByMailDeps, ctx: Context): void {
  const interaction = interactionOf(ctx)
  if (deps.hasMail) showForm(deps, ctx, { interaction })
  else showNoMail(deps, ctx, interaction)
}

/**
 * Takes the form. Each address gets one mail, whoever it belongs to: a link and a code, or that there is no account to use with it. The
 * answer, the work and the rows left behind are the same (TH-04, RE-02).
 */
export async function forgot(deps: ByMailDeps, ctx: Context): Promise<void> {
  const form = ctx.request.body
  const asked = field(form, 'interaction')
  const interaction = isInteractionUid(asked) ? asked : undefined
  if (!deps.hasMail) {
    showNoMail(deps, ctx, interaction)
    return
  }
  checkCsrf(ctx, deps.keys, formBinding(ctx), field(form, 'csrf'))
  const typed = field(form, 'email') ?? ''
  const email = normaliseEmail(typed)
  if (email === null) {
    ctx.status = 422
    showForm(deps, ctx, { email: typed, interaction }, { error: text('register:email.invalid') })
    return
  }
  const problem = await countAsking(deps, ctx, { email, purpose: 'reset' })
  if (problem) {
    showForm(deps, ctx, { email: typed, interaction }, { problem })
    return
  }
  const { database, sealer, keys } = deps
  const fromKnownBrowser = (await knownBrowser(deps, ctx, email)) !== null
  const { ip, requestId, language } = ctx.state
  const { id } = await database.transaction(async (tx) => {
    const found = await findUserByEmail(tx, email)
    const user = found?.disabledAt === null ? found : null
    await record(tx, {
      type: 'user.password_reset_started',
      userId: found?.id,
      ip,
      actor: { via: 'user', requestId },
      detail: { user: found === null ? 'unknown' : user ? 'active' : 'disabled' },
    })
    const to = { to: email, language: user?.locale ?? language }
    return issueMailTicket(
      { tx, sealer, keys },
      {
        ...{ purpose: 'reset', email, userId: user?.id, dead: user === null },
        mail: (secrets) =>
          user
            ? {
                ...to,
                userId: user.id,
                expiresInSeconds: 60 * secrets.minutes,
                fromKnownBrowser,
                template: 'reset',
                data: secrets,
              }
            : { ...to, template: 'no-account', data: {} },
      },
    )
  })
  rememberPending(ctx, 'reset', { id, email, interaction })
  ctx.status = 303
  ctx.redirect('/forgot/check')
}

function showForm(
  { render, keys }: ByMailDeps,
  ctx: Context,
  { email, interaction }: { email?: string; interaction: string | undefined },
  fault: { error?: Text; problem?: Text } = {},
): void {
  ctx.state.here = withInteraction('/forgot', interaction)
  ctx.type = 'html'
  ctx.body = render(ctx, 'forgot', {
    ...{ action: '/forgot', csrf: csrfToken(keys, formBinding(ctx)), email, interaction },
    backUri: wayBack(interaction),
    ...fault,
  })
}

function showNoMail({ render }: ByMailDeps, ctx: Context, interaction: string | undefined): void {
  ctx.status = 403
  ctx.type = 'html'
  ctx.body = render(ctx, 'error', {
    title: text('register:noMail.title'),
    message: text('register:noMail.message'),
    startAgainUri: wayBack(interaction),
    signInUri: interaction === undefined ? '/account' : undefined,
    finished: true,
  })
}
