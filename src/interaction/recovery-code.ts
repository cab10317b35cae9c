import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { useRecoveryCode } from '../users/index.ts'
import { browserTokenOf } from '../oidc/index.ts'
import { ipOf } from './finish.ts'
import { advance, failureOf, toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import { withProof } from './progress.ts'
import { showRecoveryCode } from './show-step.ts'

/** One of the ten codes, in place of the authenticator (RE-01). */
export const recoveryCode: Handler = async (deps, ctx, signIn, body) => {
  const { progress, user } = signIn
  if (!signIn.helps.has('recovery_code')) {
    toDispatcher(ctx, signIn.interaction.uid)
    return
  }
  const verdict = await useRecoveryCode(deps, {
    userId: user?.id ?? '',
    code: field(body, 'code'),
    ip: ipOf(ctx),
    browserToken: browserTokenOf(ctx),
  })
  if (verdict.ok) {
    deps.onOutcome('code_ok')
    return advance(deps, ctx, signIn, withProof(progress, 'recovery_code'))
  }
  const wrong = text('signin:recoveryCode.wrong')
  showRecoveryCode(deps, ctx, signIn, failureOf(deps, verdict, wrong))
}
