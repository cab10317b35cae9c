import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { confirmTotpEnrolment } from '../users/index.ts'
import { ipOf } from './finish.ts'
import { failureOf, WRONG_CODE } from './handler.ts'
import type { Handler } from './handler.ts'
import { withProof } from './progress.ts'
import { advanceWithNewCodes } from './recovery-codes.ts'
import { showStep } from './show-step.ts'

/** The first code of a new authenticator: it proves that the seed arrived (MF-01), and counts as the second factor. */
export const totpEnrol: Handler = async (deps, ctx, signIn, body) => {
  const { progress, user } = signIn
  if (!user || progress.enrolling === undefined) return showStep(deps, ctx, signIn)
  const input = {
    userId: user.id,
    credentialId: progress.enrolling,
    code: field(body, 'code'),
    ip: ipOf(ctx),
  }
  const verdict = await confirmTotpEnrolment(deps, input)
  if (!verdict.ok && verdict.reason === 'gone')
    return showStep(deps, ctx, signIn, { problem: text('signin:enrol.tookLong') })
  if (!verdict.ok) return showStep(deps, ctx, signIn, failureOf(deps, verdict, WRONG_CODE))
  deps.onOutcome('enrolled')
  const { enrolling: _done, ...rest } = progress
  await advanceWithNewCodes(deps, ctx, signIn, withProof(rest, 'otp'))
}
