import type { Context } from 'koa'
import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { generateRecoveryCodes } from '../users/index.ts'
import type { InteractionDeps } from './deps.ts'
import { advance, toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import type { Progress } from './progress.ts'
import { showStep } from './show-step.ts'
import type { SignIn } from './sign-in.ts'

/** "I have saved them": from here on nobody can see the codes any more. */
export const recoveryCodes: Handler = async (deps, ctx, signIn, body) => {
  if (field(body, 'saved') !== 'yes')
    return showStep(deps, ctx, signIn, {
      error: text('signin:recoveryCodes.notSaved'),
    })
  const { unsavedCodes: _shown, ...progress } = signIn.progress
  await advance(deps, ctx, signIn, progress)
}

/**
 * Makes ten new codes and leads to the page that shows them. Until the user says they are saved they wait in this sign-in,
 * sealed and bound to it, so that a reload does not lose them.
 */
export async function advanceWithNewCodes(
  deps: InteractionDeps,
  ctx: Context,
  { interaction, user }: SignIn,
  progress: Progress,
): Promise<void> {
  if (!user) throw new Error('recovery codes without a user')
  await deps.database.transaction(async (tx) => {
    const codes = await generateRecoveryCodes(tx, user.id)
    const unsavedCodes = deps.sealer.seal(codes.join(' '), `interactions:${interaction.uid}`)
    await deps.oidc.saveProgress(tx, interaction.uid, { ...progress, unsavedCodes })
  })
  toDispatcher(ctx, interaction.uid)
}
