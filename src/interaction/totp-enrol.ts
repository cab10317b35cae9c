import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { confirmTotpEnrolment } from '../users/index.ts'
import { ipOf } from './finish.ts'
import { failureOf, toDispatcher, WRONG_CODE } from './handler.ts'
import type { Handler } from './handler.ts'
import { hasMovedOn, keepProof, mayStillEnrol } from './keep-proof.ts'
import { withProof } from './progress.ts'
import { showStep } from './show-step.ts'

/** The first code of a new authenticator: it proves that the seed arrived (MF-01), and counts as the second factor. */
export const totpEnrol: Handler = async (deps, ctx, signIn, body) => {
  const { progress, user, interaction } = signIn
  if (!user || progress.enrolling === undefined) return showStep(deps, ctx, signIn)
  const input = {
    userId: user.id,
    credentialId: progress.enrolling,
    code: field(body, 'code'),
    ...{ ip: ipOf(ctx), userAgent: ctx.get('User-Agent') },
  }
  const { enrolling: _done, ...rest } = progress
  const verdict = await confirmTotpEnrolment(deps, input, {
    before: (tx) => mayStillEnrol(deps, tx, signIn),
    after: (tx) => keepProof(deps, tx, ctx, signIn, withProof(rest, 'otp'), { newCodes: 'always' }),
  })
  if (!verdict.ok && (await hasMovedOn(deps, ctx, signIn))) {
    toDispatcher(ctx, interaction.uid)
    return
  }
  if (!verdict.ok && verdict.reason === 'gone')
    return showStep(deps, ctx, signIn, { problem: text('signin:enrol.tookLong') })
  if (!verdict.ok) return showStep(deps, ctx, signIn, failureOf(deps, 'totp', verdict, WRONG_CODE))
  deps.onOutcome('enrolled', 'totp')
  toDispatcher(ctx, interaction.uid)
}
