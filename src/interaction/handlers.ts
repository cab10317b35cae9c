import type { Context } from 'koa'
import { record } from '../audit/index.ts'
import { field, fields } from '../http/index.ts'
import type { Form } from '../http/index.ts'
import {
  checkPassword,
  checkTotp,
  confirmTotpEnrolment,
  generateRecoveryCodes,
  useRecoveryCode,
} from '../users/index.ts'
import { deviceTokenOf } from './device-cookie.ts'
import type { InteractionDeps } from './deps.ts'
import { deny, handOver, ipOf } from './finish.ts'
import type { Progress } from './progress.ts'
import { showRecoveryCode, showStep } from './show-step.ts'
import type { SignIn } from './sign-in.ts'
import { throttledFor } from './wait-words.ts'

/** A POST of the sign-in: parse, verify, record, advance. Runs only when its step is the one that is due. */
export type Handler = (deps: InteractionDeps, ctx: Context, signIn: SignIn, body: Form) => Promise<void>

export const login: Handler = async (deps, ctx, signIn, body) => {
  const email = field(body, 'email') ?? ''
  const password = field(body, 'password') ?? ''
  const { database, hasher, keys } = deps
  const attempt = { email, password, ip: ipOf(ctx), deviceToken: deviceTokenOf(ctx) }
  const verdict = await checkPassword({ database, hasher, deviceKeys: keys }, attempt)
  if (verdict.ok) {
    deps.onOutcome('password_ok')
    const { anotherAccount } = signIn.progress
    await advance(deps, ctx, signIn, {
      userId: verdict.user.id,
      factors: ['pwd'],
      ...(anotherAccount ? { anotherAccount } : {}),
    })
  } else if (verdict.reason === 'throttled') {
    deps.onOutcome('throttled')
    await showStep(deps, ctx, signIn, { problem: throttledFor(verdict.retryAfter), email })
  } else {
    deps.onOutcome('password_wrong')
    await showStep(deps, ctx, signIn, {
      error: 'The e-mail address or the password is not right. Check both and try again.',
      email,
    })
  }
}

export const totp: Handler = async (deps, ctx, signIn, body) => {
  const { progress, user } = signIn
  const verdict = await checkTotp(deps, { userId: user?.id ?? '', code: field(body, 'code'), ip: ipOf(ctx) })
  if (verdict.ok) {
    deps.onOutcome('code_ok')
    return advance(deps, ctx, signIn, { ...progress, factors: ['pwd', 'otp'] })
  }
  deps.onOutcome(verdict.reason === 'throttled' ? 'throttled' : 'code_wrong')
  await showStep(
    deps,
    ctx,
    signIn,
    verdict.reason === 'throttled' ? { problem: throttledFor(verdict.retryAfter) } : { error: WRONG_CODE },
  )
}

export const recoveryCode: Handler = async (deps, ctx, signIn, body) => {
  const { progress, user } = signIn
  const verdict = await useRecoveryCode(deps, {
    userId: user?.id ?? '',
    code: field(body, 'code'),
    ip: ipOf(ctx),
  })
  if (verdict.ok) {
    deps.onOutcome('code_ok')
    return advance(deps, ctx, signIn, { ...progress, factors: ['pwd', 'recovery_code'] })
  }
  deps.onOutcome(verdict.reason === 'throttled' ? 'throttled' : 'code_wrong')
  const failure =
    verdict.reason === 'throttled'
      ? { problem: throttledFor(verdict.retryAfter) }
      : { error: 'This code is not one of yours, or it was used before. Each works once.' }
  showRecoveryCode(deps, ctx, signIn, failure)
}

export const totpEnrol: Handler = async (deps, ctx, signIn, body) => {
  const { progress, user, interaction } = signIn
  if (!user || progress.enrolling === undefined) return showStep(deps, ctx, signIn)
  const verdict = await confirmTotpEnrolment(deps, {
    userId: user.id,
    credentialId: progress.enrolling,
    code: field(body, 'code'),
    ip: ipOf(ctx),
  })
  if (!verdict.ok) {
    if (verdict.reason === 'throttled')
      return showStep(deps, ctx, signIn, { problem: throttledFor(verdict.retryAfter) })
    return showStep(
      deps,
      ctx,
      signIn,
      verdict.reason === 'wrong'
        ? { error: WRONG_CODE }
        : { problem: 'That took long: scan the new code below.' },
    )
  }
  deps.onOutcome('enrolled')
  const codes = await generateRecoveryCodes(deps.database.prisma, user.id)
  const unsavedCodes = deps.sealer.seal(codes.join(' '), `interactions:${interaction.uid}`)
  await advance(deps, ctx, signIn, { userId: user.id, factors: ['pwd', 'otp'], unsavedCodes })
}

export const recoveryCodes: Handler = async (deps, ctx, signIn, body) => {
  if (field(body, 'saved') !== 'yes')
    return showStep(deps, ctx, signIn, {
      error: 'Save the codes, then tick the box: they are not shown again.',
    })
  const { unsavedCodes: _shown, ...progress } = signIn.progress
  await advance(deps, ctx, signIn, progress)
}

export const selectAccount: Handler = async (deps, ctx, signIn, body) => {
  const decision = field(body, 'decision')
  if (decision === 'continue') return handOver(deps, ctx, signIn, { select_account: {} })
  if (decision === 'another') return advance(deps, ctx, signIn, { factors: [], anotherAccount: true })
  await showStep(deps, ctx, signIn, { problem: 'Choose an account.' })
}

export const consent: Handler = async (deps, ctx, signIn, body) => {
  const { interaction, user } = signIn
  const decision = field(body, 'decision')
  if (decision === 'deny') return deny(deps, ctx, signIn)
  if (decision !== 'allow' || !user) return showStep(deps, ctx, signIn, { problem: 'Choose Allow or Deny.' })
  const ticked = { openid: fields(body, 'scope'), resources: fields(body, 'resource_scope') }
  const next = await deps.database.transaction(async (tx) => {
    const { grantId, decision: allowed } = await deps.oidc.saveConsent(tx, interaction, user.id, ticked)
    const detail = { scopes: allowed.granted.openid, resources: allowed.granted.resources }
    await record(tx, {
      type: 'consent.granted',
      userId: user.id,
      clientId: interaction.clientId,
      grantId,
      ip: ipOf(ctx),
      detail,
    })
    return deps.oidc.finishInteraction(tx, interaction.uid, { consent: { grantId } })
  })
  ctx.status = 303
  ctx.redirect(next ?? `/interaction/${interaction.uid}`)
}

export const abort: Handler = (deps, ctx, signIn) => deny(deps, ctx, signIn)

const WRONG_CODE =
  'This code is not right. Codes change every 30 seconds and each works once: enter the one shown now.'

/** Keeps what was proven and sends the browser back to the dispatcher. */
async function advance(
  deps: InteractionDeps,
  ctx: Context,
  { interaction }: SignIn,
  progress: Progress,
): Promise<void> {
  await deps.oidc.saveProgress(deps.database.prisma, interaction.uid, progress)
  ctx.status = 303
  ctx.redirect(`/interaction/${interaction.uid}`)
}
