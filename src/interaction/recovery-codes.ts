import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { markRecoveryCodesSaved } from '../users/index.ts'
import { advance } from './handler.ts'
import type { Handler } from './handler.ts'
import { areReplaced, waitingCodes } from './new-recovery-codes.ts'
import { showStep } from './show-step.ts'

/**
 * "I have saved them": from here on nobody can see the codes any more, and no later sign-in makes others. Where another window has made
 * others meanwhile, that is said, once, before it goes on.
 */
export const recoveryCodes: Handler = async (deps, ctx, signIn, body) => {
  const { unsavedCodes: _shown, ...progress } = signIn.progress
  const isReplaced = await areReplaced(deps, signIn)
  if (isReplaced && field(body, 'replaced') === 'yes') return advance(deps, ctx, signIn, progress)
  if (!isReplaced && field(body, 'saved') !== 'yes')
    return showStep(deps, ctx, signIn, {
      error: text('signin:recoveryCodes.notSaved'),
    })
  const { mark } = waitingCodes(deps, signIn)
  const userId = signIn.user?.id ?? ''
  if (await deps.database.transaction((tx) => markRecoveryCodesSaved(tx, userId, { mark })))
    return advance(deps, ctx, signIn, progress)
  // Whatever button the page has, an operator's own template included, the next one leads on.
  await deps.oidc.saveProgress(deps.database.prisma, signIn.interaction, progress)
  await showStep(deps, ctx, signIn)
  ctx.status = 409
}
