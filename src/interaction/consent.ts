import { record } from '../audit/index.ts'
import type { Tx } from '../db/index.ts'
import { field, fields } from '../http/index.ts'
import { text } from '../language/index.ts'
import { deny, ipOf } from './finish.ts'
import { toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import { SignInGone } from './keep-proof.ts'
import { showStep } from './show-step.ts'
import { rememberFinished } from './trail.ts'

/** What the app may have. Only what was asked can be allowed, whatever the form says (oidc/consent.ts). */
export const consent: Handler = async (deps, ctx, signIn, body) => {
  const { interaction, user } = signIn
  const decision = field(body, 'decision')
  if (decision === 'deny') return deny(deps, ctx, signIn)
  if (decision !== 'allow' || !user) return showStep(deps, ctx, signIn, { problem: text('consent:choose') })
  const ticked = { openid: fields(body, 'scope'), resources: fields(body, 'resource_scope') }
  const work = async (tx: Tx): Promise<string> => {
    const { language } = ctx.state
    const saved = await deps.oidc.saveConsent(tx, interaction, user.id, ticked, language)
    if (!saved.ok && saved.reason === 'decided') return saved.next
    if (!saved.ok) throw new SignInGone()
    const { grantId, decision: allowed } = saved
    const detail = { scopes: allowed.granted.openid, resources: allowed.granted.resources }
    const { clientId } = interaction
    await record(tx, { type: 'consent.granted', userId: user.id, clientId, grantId, ip: ipOf(ctx), detail })
    const address = await deps.oidc.finishInteraction(tx, interaction.uid, { consent: { grantId } })
    // Nothing is remembered, and nothing granted, of a sign-in that ended meanwhile.
    if (address === null) throw new SignInGone()
    return address
  }
  const next = await deps.database.transaction(work).catch((error: unknown) => {
    if (error instanceof SignInGone) return null
    throw error
  })
  if (next === null) {
    toDispatcher(ctx, interaction.uid)
    return
  }
  rememberFinished(ctx, interaction.uid)
  ctx.status = 303
  ctx.redirect(next)
}
