import { field } from '../http/index.ts'
import { useRecoveryCode } from '../users/index.ts'
import { ipOf } from './finish.ts'
import { advance, failureOf } from './handler.ts'
import type { Handler } from './handler.ts'
import { showRecoveryCode } from './show-step.ts'

/** One of the ten codes, in place of the authenticator (RE-01). */
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
  const wrong = 'This code is not one of yours, or it was used before. Each works once.'
  showRecoveryCode(deps, ctx, signIn, failureOf(deps, verdict, wrong))
}
