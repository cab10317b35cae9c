import { field } from '../http/index.ts'
import { handOver } from './finish.ts'
import { advance } from './handler.ts'
import type { Handler } from './handler.ts'
import { showStep } from './show-step.ts'

/** Go on as who you are, or sign in as someone else. */
export const selectAccount: Handler = async (deps, ctx, signIn, body) => {
  const decision = field(body, 'decision')
  if (decision === 'continue') return handOver(deps, ctx, signIn, { select_account: {} })
  if (decision === 'another') return advance(deps, ctx, signIn, { factors: [], anotherAccount: true })
  await showStep(deps, ctx, signIn, { problem: 'Choose an account.' })
}
