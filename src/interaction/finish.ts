import type { Context } from 'koa'
import { record } from '../audit/index.ts'
import type { Tx } from '../db/index.ts'
import { revoke } from '../oidc/index.ts'
import { findUser } from '../users/index.ts'
import { rememberDevice } from './device-cookie.ts'
import type { InteractionDeps } from './deps.ts'
import { authenticationOf } from './login-steps.ts'
import type { SignIn } from './sign-in.ts'
import { showDeadEnd } from './sign-in.ts'
import { rememberFinished } from './trail.ts'

type Result = Parameters<InteractionDeps['oidc']['finishInteraction']>[2]

/** Ends the sign-in: with a login once every factor is proven, or with the error that the client will be told. */
export async function finish(deps: InteractionDeps, ctx: Context, signIn: SignIn): Promise<void> {
  const { step } = signIn
  if (typeof step === 'object')
    return handOver(deps, ctx, signIn, { error: step.error, error_description: step.description })
  const { user, interaction, progress } = signIn
  if (!user) return showDeadEnd(deps, ctx, 'expired')
  const result: Result = {
    login: {
      accountId: user.id,
      ...authenticationOf(progress.factors),
      ts: Math.floor(Date.now() / 1000),
      remember: true,
    },
    ...(interaction.prompt.name === 'select_account' ? { select_account: {} } : {}),
  }
  await handOver(deps, ctx, signIn, result, async (tx) => {
    const current = await findUser(tx, user.id)
    if (!current || current.disabledAt !== null) return false
    if (interaction.session && interaction.session.userId !== user.id)
      await revoke(
        tx,
        { sessionUid: interaction.session.uid, keepOffline: true },
        { reason: 'signed_in_as_another_user', ip: ipOf(ctx) },
      )
    return true
  })
  if (ctx.status === 303) {
    rememberDevice(ctx, deps.keys, user.id)
    deps.onOutcome('completed')
  }
}

/** Gives the engine its result in one transaction with whatever goes with it, and sends the browser on. */
export async function handOver(
  deps: InteractionDeps,
  ctx: Context,
  { interaction }: SignIn,
  result: Result,
  together: (tx: Tx) => Promise<boolean> = () => Promise.resolve(true),
): Promise<void> {
  const next = await deps.database.transaction(async (tx) => {
    if (!(await together(tx))) return null
    return deps.oidc.finishInteraction(tx, interaction.uid, result)
  })
  if (next === null) return showDeadEnd(deps, ctx, 'expired')
  rememberFinished(ctx, interaction.uid)
  ctx.status = 303
  ctx.redirect(next)
}

/** The user said no, on whatever page: the client is told `access_denied`, and nothing else. */
export async function deny(deps: InteractionDeps, ctx: Context, signIn: SignIn): Promise<void> {
  const { interaction, user } = signIn
  const result = { error: 'access_denied', error_description: 'the End-User declined' }
  await handOver(deps, ctx, signIn, result, async (tx) => {
    if (signIn.step === 'consent')
      await record(tx, {
        type: 'consent.denied',
        clientId: interaction.clientId,
        userId: user?.id,
        ip: ipOf(ctx),
      })
    return true
  })
}

export function ipOf(ctx: Context): string {
  return ctx.state.ip
}
