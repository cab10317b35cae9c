import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { canAnswer, switchedTo } from './accounts.ts'
import { handOver } from './finish.ts'
import { advance, toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import { beginning } from './progress.ts'
import { showStep } from './show-step.ts'

/** Go on as who you are, as somebody else who is signed in here, or sign in as yet another. Nobody is signed out by it. */
export const selectAccount: Handler = async (deps, ctx, signIn, body) => {
  const decision = field(body, 'decision')
  if (decision === 'another') return advance(deps, ctx, signIn, { ...beginning, anotherAccount: true })
  if (decision !== 'continue' && decision !== 'switch')
    return showStep(deps, ctx, signIn, { problem: text('signin:select.choose') })
  const accounts = await deps.oidc.browserAccounts(ctx)
  const email = field(body, 'email')
  const chosen =
    decision === 'continue' ? accounts.current : accounts.parked.find((one) => one.email === email)
  // A page from before another window changed who is signed in: without a word it would only come again.
  if (chosen && !canAnswer(signIn.interaction, chosen))
    return showStep(deps, ctx, signIn, { problem: text('signin:select.askedFor') })
  if (decision === 'continue') return handOver(deps, ctx, signIn, { select_account: {} })
  const order = chosen ? switchedTo(accounts, chosen) : null
  if (!order) {
    toDispatcher(ctx, signIn.interaction.uid)
    return
  }
  await handOver(deps, ctx, signIn, { select_account: {} }, undefined, { otherSession: true })
  if (ctx.status === 303) await deps.oidc.arrangeAccounts(ctx, order)
}
