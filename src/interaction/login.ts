import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { checkPassword } from '../users/index.ts'
import { browserTokenOf } from '../oidc/index.ts'
import { ipOf } from './finish.ts'
import { advance } from './handler.ts'
import type { Handler } from './handler.ts'
import { offersPasskey } from './passkey-offer.ts'
import { progressFor, withProof } from './progress.ts'
import { showStep } from './show-step.ts'
import type { Failure } from './show-step.ts'
import { skipsFactor } from './trust.ts'
import { throttledFor } from './wait-words.ts'

/** E-mail and password. The answer is the same for an address that nobody has (TH-04). */
export const login: Handler = async (deps, ctx, signIn, body) => {
  const email = field(body, 'email') ?? ''
  const password = field(body, 'password') ?? ''
  const attempt = { email, password, ip: ipOf(ctx), browserToken: browserTokenOf(ctx) }
  const verdict = await checkPassword(deps, attempt)
  if (verdict.ok) {
    deps.onOutcome('ok', 'password')
    const { id: userId } = verdict.user
    const offerPasskey = await offersPasskey(deps, ctx, signIn, { userId, said: field(body, 'passkeys') })
    const proven = withProof(progressFor(signIn.progress, userId), 'pwd')
    const progress = offerPasskey ? { ...proven, offerPasskey } : proven
    const isTrusted = await skipsFactor(deps, ctx, signIn, verdict.user)
    return advance(deps, ctx, signIn, isTrusted ? withProof(progress, 'trusted_browser') : progress)
  }
  deps.onOutcome(verdict.reason === 'wrong' ? 'wrong' : 'throttled', 'password')
  await showStep(deps, ctx, signIn, { ...failureFor(verdict), email })
}

type Refused = Exclude<Awaited<ReturnType<typeof checkPassword>>, { ok: true }>

function failureFor(verdict: Refused): Failure {
  if (verdict.reason === 'wrong') return { error: text('signin:login.wrong') }
  if (verdict.reason === 'challenge') return { problem: text('signin:unlock.demanded'), offersUnlock: true }
  const { retryAfter } = verdict
  return { problem: throttledFor(retryAfter), retryAfter, offersUnlock: true }
}
