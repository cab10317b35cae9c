import type { Context } from 'koa'
import { findClient } from '../clients/index.ts'
import type { StoredClient } from '../clients/index.ts'
import type { Interaction } from '../oidc/index.ts'
import { factorsOf, findUser } from '../users/index.ts'
import type { User } from '../users/index.ts'
import { recallClient, startAgainUri, clientView } from './client-view.ts'
import { deadEnds } from './dead-ends.ts'
import type { InteractionDeps } from './deps.ts'
import { answerWithPage } from './page.ts'
import { toDispatcher } from './handler.ts'
import { nextStep } from './login-steps.ts'
import type { Step } from './login-steps.ts'
import { progressOf } from './progress.ts'
import type { Progress } from './progress.ts'
import { followTrail } from './trail.ts'

/** One request to the hosted pages, with everything its handler decides on. */
export type SignIn = {
  interaction: Interaction
  client: StoredClient
  progress: Progress
  /** The user whose password was right, or whose session it is; null before. */
  user: User | null
  step: Step
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
  const db = deps.database.prisma
  const client = await findClient(db, interaction.clientId)
  if (!client || client.disabledAt !== null) {
    await showDeadEnd(deps, ctx, 'expired')
    return null
  }
  const progress = progressOf(interaction)
  const userId =
    progress.userId ?? (interaction.prompt.name === 'login' ? undefined : interaction.session?.userId)
  const user = userId === undefined ? null : await findUser(db, userId)
  const proven: Progress = user && user.disabledAt === null ? progress : { factors: [] }
  const { totp } = user ? await factorsOf(db, user.id) : { totp: false }
  return { interaction, client, progress: proven, user, step: nextStep(interaction, proven, { totp }) }
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
    ...(client ? { client: clientView(client), startAgainUri: startAgainUri(client) } : {}),
  }
  answerWithPage(ctx, render('error', page))
}
