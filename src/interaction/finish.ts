import type { Context } from 'koa'
import { record } from '../audit/index.ts'
import { freshChoice } from '../http/index.ts'
import type { Tx } from '../db/index.ts'
import { browserTokenOf, rememberBrowser, secondsNow } from '../oidc/index.ts'
import { findUser, knowBrowser, setLocale, tellUser } from '../users/index.ts'
import { makeRoom } from './accounts.ts'
import type { InteractionDeps, SignInFactor } from './deps.ts'
import { SignInGone } from './keep-proof.ts'
import { authenticationOf } from './login-steps.ts'
import type { Progress } from './progress.ts'
import type { SignIn } from './sign-in.ts'
import { showDeadEnd } from './sign-in.ts'
import { rememberFinished } from './trail.ts'
import { trustDaysOf } from './trust.ts'

type Result = Parameters<InteractionDeps['oidc']['finishInteraction']>[2]

/** Ends the sign-in: with a login once every factor is proven, or with the error that the client will be told. */
export async function finish(deps: InteractionDeps, ctx: Context, signIn: SignIn): Promise<void> {
  const { step } = signIn
  if (typeof step === 'object')
    return handOver(deps, ctx, signIn, { error: step.error, error_description: step.description })
  const { user, interaction, progress } = signIn
  if (!user) return showDeadEnd(deps, ctx, 'expired')
  const now = secondsNow()
  const result: Result = {
    login: {
      accountId: user.id,
      ...authenticationOf(interaction.demand.table, progress, now),
      ...{ factors: progress.proven, at: now, remember: true },
    },
    ...(interaction.prompt.name === 'select_account' ? { select_account: {} } : {}),
    ...(interaction.prompt.name === 'create' ? { create: {} } : {}),
  }
  const accounts = await deps.oidc.browserAccounts(ctx)
  const made: { order?: Awaited<ReturnType<typeof makeRoom>>; browserToken?: string } = {}
  const userAgent = ctx.get('User-Agent')
  const skipFactorDays = progress.trustBrowser === true ? (trustDaysOf(deps, user) ?? 0) : 0
  await handOver(deps, ctx, signIn, result, async (tx) => {
    const current = await findUser(tx, user.id)
    if (!current || current.disabledAt !== null) return false
    const language = freshChoice(ctx)
    if (language !== undefined) await setLocale(tx, user.id, language)
    made.order = await makeRoom(tx, accounts, {
      userId: user.id,
      oneMore: progress.anotherAccount === true,
      ip: ipOf(ctx),
    })
    const browser = await knowBrowser(tx, {
      ...{ userId: user.id, token: browserTokenOf(ctx), userAgent, ip: ipOf(ctx), skipFactorDays },
    })
    made.browserToken = browser.token
    if (skipFactorDays > 0)
      await tellUser(
        { tx, sealer: deps.sealer },
        { userId: user.id, what: 'browser_trusted', ip: ipOf(ctx), userAgent },
      )
    return true
  })
  if (ctx.status === 303) {
    if (made.order) await deps.oidc.arrangeAccounts(ctx, made.order)
    if (made.browserToken !== undefined) rememberBrowser(ctx, made.browserToken)
    deps.onOutcome('completed', strongestOf(progress))
  }
}

/** Gives the engine its result in one transaction with whatever goes with it, and sends the browser on. */
export async function handOver(
  deps: InteractionDeps,
  ctx: Context,
  { interaction }: SignIn,
  result: Result,
  together: (tx: Tx) => Promise<boolean> = () => Promise.resolve(true),
  options: { otherSession?: boolean } = {},
): Promise<void> {
  const work = async (tx: Tx) => {
    if (!(await together(tx))) throw new SignInGone()
    const address = await deps.oidc.finishInteraction(tx, interaction.uid, result, options)
    if (address === null) throw new SignInGone()
    return address
  }
  const next = await deps.database.transaction(work).catch((error: unknown) => {
    if (error instanceof SignInGone) return null
    throw error
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

/** By what a sign-in was completed, for the metrics. */
function strongestOf({ proven }: Pick<Progress, 'proven'>): SignInFactor {
  if (proven.passkey !== undefined) return 'passkey'
  if (proven.otp !== undefined) return 'totp'
  if (proven.recovery_code !== undefined) return 'recovery_code'
  return proven.trusted_browser !== undefined ? 'trusted_browser' : 'password'
}

export function ipOf(ctx: Context): string {
  return ctx.state.ip
}
