import { field } from '../http/index.ts'
import { checkPassword } from '../users/index.ts'
import { deviceTokenOf } from './device-cookie.ts'
import { ipOf } from './finish.ts'
import { advance } from './handler.ts'
import type { Handler } from './handler.ts'
import { showStep } from './show-step.ts'
import { throttledFor } from './wait-words.ts'

/** E-mail and password. The answer is the same for an address that nobody has (TH-04). */
export const login: Handler = async (deps, ctx, signIn, body) => {
  const email = field(body, 'email') ?? ''
  const password = field(body, 'password') ?? ''
  const { database, hasher, keys } = deps
  const attempt = { email, password, ip: ipOf(ctx), deviceToken: deviceTokenOf(ctx) }
  const verdict = await checkPassword({ database, hasher, deviceKeys: keys }, attempt)
  if (verdict.ok) {
    deps.onOutcome('password_ok')
    const { anotherAccount } = signIn.progress
    const proven = { userId: verdict.user.id, factors: ['pwd' as const] }
    return advance(deps, ctx, signIn, { ...proven, ...(anotherAccount ? { anotherAccount } : {}) })
  }
  deps.onOutcome(verdict.reason === 'throttled' ? 'throttled' : 'password_wrong')
  const failure =
    verdict.reason === 'throttled'
      ? { problem: throttledFor(verdict.retryAfter) }
      : { error: 'The email address or the password is not right. Check both and try again.' }
  await showStep(deps, ctx, signIn, { ...failure, email })
}
