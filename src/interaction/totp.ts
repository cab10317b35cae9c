import { field } from '../http/index.ts'
import { checkTotp } from '../users/index.ts'
import { browserTokenOf } from '../oidc/index.ts'
import { ipOf } from './finish.ts'
import { failureOf, toDispatcher, WRONG_CODE } from './handler.ts'
import type { Handler } from './handler.ts'
import { hasMovedOn, keepProof } from './keep-proof.ts'
import { withProof } from './progress.ts'
import { showStep } from './show-step.ts'
import { asksForTrust } from './trust.ts'

/** A code of the authenticator. Someone whose recovery codes are used up, or were never said to be saved, gets new ones on the way. */
export const totp: Handler = async (deps, ctx, signIn, body) => {
  const { progress, user, interaction } = signIn
  const userId = user?.id ?? ''
  const attempt = { userId, code: field(body, 'code'), ip: ipOf(ctx), browserToken: browserTokenOf(ctx) }
  const proven = withProof({ ...progress, trustBrowser: asksForTrust(deps, user, body) }, 'otp')
  const verdict = await checkTotp(deps, attempt, {
    after: (tx) => keepProof(deps, tx, ctx, signIn, proven),
  })
  if (verdict.ok) deps.onOutcome('ok', 'totp')
  else if (!(await hasMovedOn(deps, ctx, signIn)))
    return showStep(deps, ctx, signIn, failureOf(deps, 'totp', verdict, WRONG_CODE))
  toDispatcher(ctx, interaction.uid)
}
