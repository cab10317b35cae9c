import type { Context } from 'koa'
import type { AcrFactor } from '../config/index.ts'
import { speak } from '../http/index.ts'
import { secondsNow } from '../oidc/index.ts'
import type { Interaction } from '../oidc/index.ts'
import { factorsOf, findUser } from '../users/index.ts'
import type { User } from '../users/index.ts'
import { askerView, findAskingClient, recallClient, startAgainUri } from './client-view.ts'
import type { AskingClient } from './client-view.ts'
import { deadEnds } from './dead-ends.ts'
import type { InteractionDeps } from './deps.ts'
import { answerWithPage } from './page.ts'
import { toDispatcher } from './handler.ts'
import { helpfulFactors, nextStep } from './login-steps.ts'
import type { Available, Step } from './login-steps.ts'
import { beginning, progressOf } from './progress.ts'
import type { Progress } from './progress.ts'
import { followTrail } from './trail.ts'

/** One request to the hosted pages, with everything its handler decides on. */
export type SignIn = {
  interaction: Interaction
  client: AskingClient
  progress: Progress
  /** The user whose password was right, or whose session it is; null before. */
  user: User | null
  step: Step
  /** The factors that bring this sign-in on where a second one is due. */
  helps: ReadonlySet<AcrFactor>
}

/** Loads the sign-in of this browser, or leads on to where it went, or answers with the page that says why there is none. */
export async function loadSignIn(deps: InteractionDeps, ctx: Context, uid: string): Promise<SignIn | null> {
  const loaded = await deps.oidc.loadInteraction(ctx, uid)
  if (!loaded.ok) {
    const trail = loaded.reason === 'expired' ? followTrail(ctx) : null
    if (trail === null || trail === 'finished') await showDeadEnd(deps, ctx, trail ?? loaded.reason)
    else toDispatcher(ctx, trail.uid)
    return null
  }
  const { interaction } = loaded
  ctx.state.here = `/interaction/${uid}`
  const uiLocales = interaction.params['ui_locales']
  speak(ctx, { uiLocales })
  const db = deps.database.prisma
  const client = await findAskingClient(db, interaction.clientId)
  if (!client || client.disabledAt !== null) {
    await showDeadEnd(deps, ctx, 'expired')
    return null
  }
  const progress = progressOf(interaction)
  const userId = progress.userId ?? (asksWho(interaction) ? undefined : interaction.session?.userId)
  const user = userId === undefined ? null : await findUser(db, userId)
  if (user) speak(ctx, { uiLocales, locale: user.locale })
  const proven = user && user.disabledAt === null ? progress : unproven(progress)
  const { parked: accounts } = await deps.oidc.browserAccounts(ctx)
  const available = user && (await availableTo(deps, user))
  const situation = { available, accounts, now: secondsNow(), mayRegister: deps.mayRegister }
  const step = nextStep(interaction, proven, situation)
  return {
    ...{ interaction, client, progress: proven, user, step },
    helps: helpfulFactors(interaction, proven, { ...situation, step }),
  }
}

/** Where a sign-in is in which nobody has proven anything, or nobody who may sign in. */
function unproven({ sentToRegister, unlock, anotherAccount }: Progress): Progress {
  return {
    ...beginning,
    ...(sentToRegister ? { sentToRegister } : {}),
    ...(unlock ? { unlock } : {}),
    // Forgotten, the question which account it is would come again, whatever was answered.
    ...(anotherAccount ? { anotherAccount } : {}),
  }
}

/** Must somebody say anew who they are, whoever is signed in? */
function asksWho({ prompt }: Interaction): boolean {
  return prompt.name === 'login' || prompt.name === 'create'
}

async function availableTo({ database, passkeySite }: InteractionDeps, user: User): Promise<Available> {
  const factors = await factorsOf(database.prisma, user.id)
  return {
    ...factors,
    password: user.hasPassword,
    passkeysWork: passkeySite !== null,
    mustEnrol: user.mustEnrolFactor,
  }
}

/** A page without a way on would be the end of the visit: this one leads back to the app. */
export async function showDeadEnd(
  { database, render }: Pick<InteractionDeps, 'database' | 'render'>,
  ctx: Context,
  reason: keyof typeof deadEnds,
): Promise<void> {
  const { status, ...words } = deadEnds[reason]
  const client = await recallClient(ctx, database.prisma)
  ctx.status = status
  const page = {
    ...words,
    code: reason,
    finished: reason === 'finished',
    ...(client ? { client: askerView(client), startAgainUri: startAgainUri(client) } : {}),
  }
  answerWithPage(ctx, render(ctx, 'error', page))
}
