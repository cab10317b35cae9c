import type { Context } from 'koa'
import QRCode from 'qrcode'
import { csrfToken } from '../http/index.ts'
import type { Text } from '../language/index.ts'
import { pendingTotpEnrolment } from '../users/index.ts'
import { allowFormsTo } from './page.ts'
import { accountsOf } from './accounts.ts'
import { askerView } from './client-view.ts'
import { consentView } from './consent-view.ts'
import type { InteractionDeps } from './deps.ts'
import { finish } from './finish.ts'
import { newEnrolment } from './enrolment.ts'
import { areReplaced, waitingCodes } from './new-recovery-codes.ts'
import { formToMake, formToUse } from './passkey-forms.ts'
import type { SignIn } from './sign-in.ts'
import { trustDaysOf } from './trust.ts'

/** What went wrong with the form just sent; the page is shown again with it. */
export type Failure = {
  error?: Text
  problem?: Text
  email?: string
  /** Too many: seconds to wait. */
  retryAfter?: number
  /** A code by mail would help. */
  offersUnlock?: boolean
}

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
    client: askerView(client),
    abortAction: `${at}/abort`,
    error: failure.error,
    problem: failure.problem,
  }
  if (typeof step === 'object' || step === 'done') return finish(deps, ctx, signIn)
  markFailure(ctx, failure)
  allowFormsTo(ctx, String(interaction.params['redirect_uri']))
  ctx.type = 'html'
  const email = user?.email ?? ''
  switch (step) {
    case 'register':
      await deps.oidc.saveProgress(deps.database.prisma, interaction, {
        ...signIn.progress,
        sentToRegister: true,
      })
      ctx.status = 303
      ctx.redirect(`/register?interaction=${interaction.uid}`)
      return
    case 'login':
      ctx.body = deps.render(ctx, 'login', {
        ...form,
        action: `${at}/login`,
        email: failure.email ?? user?.email ?? hintedEmail(interaction.params),
        passkey:
          signIn.progress.proven.passkey === undefined
            ? await formToUse(deps, ctx, signIn, 'anybody')
            : undefined,
        registerUri: deps.mayRegister ? `/register?interaction=${interaction.uid}` : undefined,
        // Without mail its page says whom to ask.
        forgotUri: `/forgot?interaction=${interaction.uid}`,
        unlockAction: failure.offersUnlock && deps.canChallenge ? `${at}/unlock-request` : undefined,
      })
      return
    case 'totp':
      ctx.body = deps.render(ctx, 'totp', {
        ...form,
        action: `${at}/totp`,
        email,
        passkey:
          user && signIn.helps.has('passkey')
            ? await formToUse(deps, ctx, signIn, { userId: user.id })
            : undefined,
        recoveryAction: signIn.helps.has('recovery_code') ? `${at}/recovery-code` : undefined,
        trustDays: trustDaysOf(deps, user),
      })
      return
    case 'passkey': {
      const passkey = user && (await formToUse(deps, ctx, signIn, { userId: user.id }))
      if (!passkey) throw new Error('a passkey is asked for where there can be none')
      const recoveryAction = signIn.helps.has('recovery_code') ? `${at}/recovery-code` : undefined
      ctx.body = deps.render(ctx, 'passkey', {
        ...form,
        action: passkey.action,
        email,
        passkey,
        recoveryAction,
        trustDays: trustDaysOf(deps, user),
      })
      return
    }
    case 'recovery-code':
      showRecoveryCode(deps, ctx, signIn, failure)
      return
    case 'passkey-enrol':
    case 'passkey-offer': {
      const passkey = await formToMake(deps, ctx, signIn)
      if (!passkey) throw new Error('a passkey is to be made where there can be none')
      ctx.body = deps.render(ctx, step, { ...form, action: `${at}/${step}`, email, passkey })
      return
    }
    case 'totp-enrol': {
      const enrolment = (await pending(deps, signIn)) ?? (await newEnrolment(deps, signIn))
      const qrSvg = await QRCode.toString(enrolment.uri, {
        type: 'svg',
        margin: 1,
        errorCorrectionLevel: 'M',
      })
      ctx.body = deps.render(ctx, 'totp-enrol', {
        ...form,
        action: `${at}/totp-enrol`,
        email,
        qrSvg,
        secret: enrolment.secret,
        uri: enrolment.uri,
        passkey: signIn.helps.has('passkey') ? await formToMake(deps, ctx, signIn) : undefined,
      })
      return
    }
    case 'recovery-codes': {
      const replaced = await areReplaced(deps, signIn)
      const codes = replaced ? [] : waitingCodes(deps, signIn).codes
      const action = `${at}/recovery-codes`
      ctx.body = deps.render(ctx, 'recovery-codes', { ...form, action, codes, replaced, email })
      return
    }
    case 'select-account':
      ctx.body = deps.render(ctx, 'select-account', {
        ...form,
        action: `${at}/select-account`,
        ...(await accountsOf(deps, ctx, interaction)),
      })
      return
    case 'consent':
      ctx.body = deps.render(ctx, 'consent', {
        ...form,
        ...(await consentView(deps, signIn, ctx.state.language)),
        action: `${at}/consent`,
      })
  }
}

/** The page beside the TOTP page, for those whose phone is lost. */
export function showRecoveryCode(
  deps: InteractionDeps,
  ctx: Context,
  { interaction, client, user, step }: SignIn,
  failure: Failure = {},
): void {
  const at = `/interaction/${interaction.uid}`
  markFailure(ctx, failure)
  allowFormsTo(ctx, String(interaction.params['redirect_uri']))
  ctx.state.here = `${at}/recovery-code`
  ctx.type = 'html'
  ctx.body = deps.render(ctx, 'recovery-code', {
    csrf: csrfToken(deps.keys, interaction.uid),
    client: askerView(client),
    action: `${at}/recovery-code`,
    totpAction: step === 'recovery-code' ? undefined : at,
    byPasskey: step === 'passkey',
    abortAction: `${at}/abort`,
    email: user?.email,
    ...failure,
  })
}

/** The same page again: 422 for a mistake, 429 with Retry-After for too many of them (RFC 6585 section 4). */
export function markFailure(ctx: Context, { error, problem, retryAfter }: Failure): void {
  if (error !== undefined || problem !== undefined) ctx.status = 422
  if (retryAfter === undefined) return
  ctx.status = 429
  ctx.set('Retry-After', String(retryAfter))
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
