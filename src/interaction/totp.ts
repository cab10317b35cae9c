import { field } from '../http/index.ts'
import { checkTotp, countRecoveryCodes } from '../users/index.ts'
import { browserTokenOf } from '../oidc/index.ts'
import { ipOf } from './finish.ts'
import { advance, failureOf, WRONG_CODE } from './handler.ts'
import type { Handler } from './handler.ts'
import { withProof } from './progress.ts'
import { advanceWithNewCodes } from './recovery-codes.ts'
import { showStep } from './show-step.ts'
import { asksForTrust } from './trust.ts'

/** A code of the authenticator. Someone whose recovery codes are used up, or were never seen, gets new ones on the way. */
export const totp: Handler = async (deps, ctx, signIn, body) => {
  const { progress, user } = signIn
  const userId = user?.id ?? ''
  const attempt = { userId, code: field(body, 'code'), ip: ipOf(ctx), browserToken: browserTokenOf(ctx) }
  const verdict = await checkTotp(deps, attempt)
  if (!verdict.ok) return showStep(deps, ctx, signIn, failureOf(deps, verdict, WRONG_CODE))
  deps.onOutcome('code_ok')
  const proven = withProof({ ...progress, trustBrowser: asksForTrust(deps, user, body) }, 'otp')
  if ((await countRecoveryCodes(deps.database.prisma, userId)) > 0) return advance(deps, ctx, signIn, proven)
  await advanceWithNewCodes(deps, ctx, signIn, proven)
}
