import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { advance } from './handler.ts'
import type { Handler } from './handler.ts'
import { showStep } from './show-step.ts'

/** "I have saved them": from here on nobody can see the codes any more. */
export const recoveryCodes: Handler = async (deps, ctx, signIn, body) => {
  if (field(body, 'saved') !== 'yes')
    return showStep(deps, ctx, signIn, {
      error: text('signin:recoveryCodes.notSaved'),
    })
  const { unsavedCodes: _shown, ...progress } = signIn.progress
  await advance(deps, ctx, signIn, progress)
}
