import type { Context } from 'koa'
import { checkCsrf, csrfToken, field } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import {
  findUserByEmail,
  issueMailTicket,
  normaliseEmail,
  normaliseName,
  passwordProblem,
} from '../../users/index.ts'
import { countForm, countMail } from './ask.ts'
import type { ByMailDeps } from './deps.ts'
import { allowedDomains, mayChoose } from './domains.ts'
import { formBinding } from './form-binding.ts'
import type { PendingAccount } from './make-account.ts'
import { rememberPending } from './pending.ts'
import { interactionOf, isInteractionUid, wayBack, withInteraction } from './way-back.ts'

type Entered = { email?: string; name?: string; interaction?: string | undefined }
type Fault = { error?: Text; field?: 'email' | 'name' | 'password'; problem?: Text }

/** The form for a new account, or why there is none. */
export function showRegister(deps: ByMailDeps, ctx: Context): void {
  const interaction = interactionOf(ctx)
  if (isOpen(deps)) showForm(deps, ctx, { interaction })
  else showClosed(deps, ctx, interaction)
}

export function isOpen({ hasMail, registration }: Pick<ByMailDeps, 'hasMail' | 'registration'>): boolean {
  return hasMail && registration.policy === 'open'
}

/**
 * Takes the form. Nothing is made before the address is confirmed: what was entered waits, sealed, in a ticket. For an address that has
 * an account everything is the same, the hash included, but the mail, which says so (TH-04).
 */
export async function register(deps: ByMailDeps, ctx: Context): Promise<void> {
  const form = ctx.request.body
  const asked = field(form, 'interaction')
  const interaction = isInteractionUid(asked) ? asked : undefined
  if (!isOpen(deps)) {
    showClosed(deps, ctx, interaction)
    return
  }
  checkCsrf(ctx, deps.keys, formBinding(ctx), field(form, 'csrf'))
  const entered = {
    email: field(form, 'email') ?? '',
    name: field(form, 'name') ?? '',
    interaction,
  }
  const password = field(form, 'password') ?? ''
  const checked = await check(deps, ctx, { ...entered, password })
  if (!checked.ok) {
    showForm(deps, ctx, entered, checked.fault)
    return
  }
  const { email, name } = checked
  const { database, hasher, sealer, keys } = deps
  const account: PendingAccount = {
    name,
    passwordHash: await hasher.hash(password),
    locale: ctx.state.language,
  }
  const { id } = await database.transaction(async (tx) => {
    const user = await findUserByEmail(tx, email)
    const to = { to: email, language: user?.locale ?? ctx.state.language }
    return issueMailTicket(
      { tx, sealer, keys },
      {
        ...{ purpose: 'register', email, detail: account, dead: user !== null },
        mail: (secrets) =>
          user
            ? { ...to, userId: user.id, template: 'already-registered', data: {} }
            : { ...to, expiresInSeconds: 60 * secrets.minutes, template: 'register', data: secrets },
      },
    )
  })
  rememberPending(ctx, 'register', { id, email, interaction })
  ctx.status = 303
  ctx.redirect('/register/check')
}

async function check(
  deps: ByMailDeps,
  ctx: Context,
  entered: { email: string; name: string; password: string },
): Promise<{ ok: true; email: string; name: string | null } | { ok: false; fault: Fault }> {
  const no = (where: Fault['field'], error: Text) => ({
    ok: false as const,
    fault: { field: where, error } as Fault,
  })
  const email = normaliseEmail(entered.email)
  if (email === null) return no('email', text('register:email.invalid'))
  if (!mayChoose(deps.registration, email)) return no('email', text('register:email.domain'))
  const name = normaliseName(entered.name)
  if (name === undefined) return no('name', text('register:name.invalid'))
  const tooManyForms = await countForm(deps, ctx)
  if (tooManyForms) return { ok: false, fault: { problem: tooManyForms } }
  const weak = await passwordProblem(deps.passwordRules, { password: entered.password, email, name })
  if (weak) return no('password', weak.text)
  // Only now: somebody who looks for a password that is good enough has asked for no mail yet.
  const tooManyMails = await countMail(deps, ctx, { email, purpose: 'register' })
  return tooManyMails ? { ok: false, fault: { problem: tooManyMails } } : { ok: true, email, name }
}

function showForm(deps: ByMailDeps, ctx: Context, entered: Entered, fault: Fault = {}): void {
  if (fault.error) ctx.status = 422
  ctx.state.here = withInteraction('/register', entered.interaction)
  ctx.type = 'html'
  ctx.body = deps.render(ctx, 'register', {
    action: '/register',
    csrf: csrfToken(deps.keys, formBinding(ctx)),
    ...entered,
    domains: [...allowedDomains(deps.registration)],
    backUri: wayBack(entered.interaction),
    ...fault,
  })
}

function showClosed(
  { render, registration }: ByMailDeps,
  ctx: Context,
  interaction: string | undefined,
): void {
  ctx.status = 403
  ctx.type = 'html'
  ctx.body = render(ctx, 'error', {
    title: text('register:closed.title'),
    message:
      registration.policy === 'invitation'
        ? text('register:closed.invitation')
        : text('register:closed.closed'),
    startAgainUri: wayBack(interaction),
    signInUri: interaction === undefined ? '/account' : undefined,
    finished: true,
  })
}
