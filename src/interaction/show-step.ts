import type { Context } from 'koa'
import QRCode from 'qrcode'
import { csrfToken } from '../http/index.ts'
import { pendingTotpEnrolment } from '../users/index.ts'
import { allowFormsTo } from './page.ts'
import { clientView } from './client-view.ts'
import { consentView } from './consent-view.ts'
import type { InteractionDeps } from './deps.ts'
import { finish } from './finish.ts'
import { newEnrolment } from './enrolment.ts'
import type { SignIn } from './sign-in.ts'

/** What went wrong with the form just sent; the page is shown again with it. */
export type Failure = { error?: string; problem?: string; email?: string }

/** Shows the page of the step that is due. The only place from which a page of the sign-in is shown. */
export async function showStep(
  deps: InteractionDeps,
  ctx: Context,
  signIn: SignIn,
  failure: Failure = {},
): Promise<void> {
  const { interaction, client, user, step } = signIn
  const at = `/interaction/${interaction.uid}`
  const form = {
    csrf: csrfToken(deps.keys, interaction.uid),
    client: clientView(client),
    abortAction: `${at}/abort`,
    error: failure.error,
    problem: failure.problem,
  }
  if (typeof step === 'object' || step === 'done') return finish(deps, ctx, signIn)
  if (failure.error !== undefined || failure.problem !== undefined) ctx.status = 422
  allowFormsTo(ctx, String(interaction.params['redirect_uri']))
  ctx.type = 'html'
  const email = user?.email ?? ''
  switch (step) {
    case 'login':
      ctx.body = deps.render('login', {
        ...form,
        action: `${at}/login`,
        email: failure.email ?? hintedEmail(interaction.params),
      })
      return
    case 'totp':
      ctx.body = deps.render('totp', {
        ...form,
        action: `${at}/totp`,
        email,
        recoveryAction: `${at}/recovery-code`,
      })
      return
    case 'totp-enrol': {
      const enrolment = (await pending(deps, signIn)) ?? (await newEnrolment(deps, signIn))
      const qrSvg = await QRCode.toString(enrolment.uri, {
        type: 'svg',
        margin: 1,
        errorCorrectionLevel: 'M',
      })
      ctx.body = deps.render('totp-enrol', {
        ...form,
        action: `${at}/totp-enrol`,
        email,
        qrSvg,
        secret: enrolment.secret,
        uri: enrolment.uri,
      })
      return
    }
    case 'recovery-codes': {
      const codes = deps.sealer
        .open(signIn.progress.unsavedCodes ?? '', `interactions:${interaction.uid}`)
        .split(' ')
      ctx.body = deps.render('recovery-codes', { ...form, action: `${at}/recovery-codes`, codes, email })
      return
    }
    case 'select-account':
      ctx.body = deps.render('select-account', {
        ...form,
        action: `${at}/select-account`,
        accounts: user ? [{ email, name: user.name ?? undefined, current: true }] : [],
      })
      return
    case 'consent':
      ctx.body = deps.render('consent', {
        ...form,
        ...(await consentView(deps, signIn)),
        action: `${at}/consent`,
      })
  }
}

/** The page beside the TOTP page, for those whose phone is lost. */
export function showRecoveryCode(
  deps: InteractionDeps,
  ctx: Context,
  { interaction, client, user }: SignIn,
  failure: Failure = {},
): void {
  const at = `/interaction/${interaction.uid}`
  if (failure.error !== undefined || failure.problem !== undefined) ctx.status = 422
  allowFormsTo(ctx, String(interaction.params['redirect_uri']))
  ctx.type = 'html'
  ctx.body = deps.render('recovery-code', {
    csrf: csrfToken(deps.keys, interaction.uid),
    client: clientView(client),
    action: `${at}/recovery-code`,
    totpAction: at,
    abortAction: `${at}/abort`,
    email: user?.email,
    ...failure,
  })
}

async function pending(deps: InteractionDeps, { progress, user }: SignIn) {
  if (progress.enrolling === undefined || !user) return null
  return pendingTotpEnrolment(
    { db: deps.database.prisma, sealer: deps.sealer },
    { userId: user.id, credentialId: progress.enrolling, issuer: deps.issuerName, account: user.email },
  )
}

function hintedEmail(params: Record<string, unknown>): string | undefined {
  const hint = params['login_hint']
  return typeof hint === 'string' && /^\S+@\S+$/.test(hint) && hint.length <= 254 ? hint : undefined
}
