import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { browserTokenOf } from '../oidc/index.ts'
import { verifyPasskeyAuthentication } from '../users/index.ts'
import { ipOf } from './finish.ts'
import { toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import { hasMovedOn, keepProof } from './keep-proof.ts'
import { progressFor, withProof } from './progress.ts'
import { showStep } from './show-step.ts'
import { asksForTrust } from './trust.ts'
import { throttledFor } from './wait-words.ts'

/**
 * A passkey: at the first step anybody's, who is then signed in by both factors at once; later the user's own, in place of a code.
 * The answer to a passkey of nobody, of somebody disabled, of another user is the same. Whoever left the page with their recovery codes
 * without saving them is shown new ones.
 */
export const passkey: Handler = async (deps, ctx, signIn, body) => {
  const { interaction, progress, user, step } = signIn
  const { database, passkeySite: site, keys } = deps
  const isDue = step === 'login' || (user !== null && signIn.helps.has('passkey'))
  if (!site || !isDue) {
    toDispatcher(ctx, interaction.uid)
    return
  }
  const verdict = await verifyPasskeyAuthentication(
    { database, site, keys },
    {
      binding: interaction.uid,
      userId: step === 'login' ? undefined : user?.id,
      response: field(body, 'response'),
      ip: ipOf(ctx),
      browserToken: browserTokenOf(ctx),
    },
    {
      after: (tx, shown) => {
        const proven = withProof(progressFor(progress, shown.user.id), 'passkey')
        // As a second factor alone: a passkey that is the whole sign-in would leave the password as all that this browser asks for.
        const asked = step === 'login' ? {} : { trustBrowser: asksForTrust(deps, user, body) }
        const { user: whose, method: passkeyMethod } = shown
        return keepProof(
          ...([deps, tx, ctx, { ...signIn, user: whose }, { ...proven, ...asked, passkeyMethod }] as const),
          { newCodes: 'if_unsaved' },
        )
      },
    },
  )
  if (verdict.ok) deps.onOutcome('ok', 'passkey')
  if (verdict.ok || (await hasMovedOn(deps, ctx, signIn))) {
    toDispatcher(ctx, interaction.uid)
    return
  }
  deps.onOutcome(verdict.reason === 'throttled' ? 'throttled' : 'wrong', 'passkey')
  const problem =
    verdict.reason === 'throttled' ? throttledFor(verdict.retryAfter) : text('signin:passkey.refused')
  await showStep(deps, ctx, signIn, { problem })
}
