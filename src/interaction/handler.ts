import type { Context } from 'koa'
import type { Form } from '../http/index.ts'
import { text } from '../language/index.ts'
import type { Text } from '../language/index.ts'
import type { InteractionDeps, SignInFactor } from './deps.ts'
import type { Progress } from './progress.ts'
import type { SignIn } from './sign-in.ts'
import { throttledFor } from './wait-words.ts'

/** A POST of the sign-in: parse, verify, record, advance. Runs only when its step is the one that is due. */
export type Handler = (deps: InteractionDeps, ctx: Context, signIn: SignIn, body: Form) => Promise<void>

/** Keeps what was proven, unless another request brought the sign-in on or ended it, and sends the browser back to the dispatcher. */
export async function advance(
  deps: InteractionDeps,
  ctx: Context,
  { interaction }: SignIn,
  progress: Progress,
): Promise<void> {
  await deps.oidc.saveProgress(deps.database.prisma, interaction, progress)
  toDispatcher(ctx, interaction.uid)
}

export function toDispatcher(ctx: Context, uid: string): void {
  ctx.status = 303
  ctx.redirect(`/interaction/${uid}`)
}

export const WRONG_CODE = text('signin:totp.wrong')

type Refusal = { reason: string; retryAfter?: number }

/** Counts a refused code and says what the page shall: a wrong code at its field, too many of them above the form. */
export function failureOf(
  deps: InteractionDeps,
  factor: SignInFactor,
  { reason, retryAfter }: Refusal,
  wrong: Text,
): { error: Text } | { problem: Text; retryAfter: number } {
  const throttled = reason === 'throttled'
  deps.onOutcome(throttled ? 'throttled' : 'wrong', factor)
  const seconds = Math.max(1, retryAfter ?? 1)
  return throttled ? { problem: throttledFor(seconds), retryAfter: seconds } : { error: wrong }
}
