import { record } from '../audit/index.ts'
import { field, fields } from '../http/index.ts'
import { text } from '../language/index.ts'
import { deny, ipOf } from './finish.ts'
import { toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import { showStep } from './show-step.ts'
import { rememberFinished } from './trail.ts'

/** What the app may have. Only what was asked can be allowed, whatever the form says (oidc/consent.ts). */
export const consent: Handler = async (deps, ctx, signIn, body) => {
  const { interaction, user } = signIn
  const decision = field(body, 'decision')
  if (decision === 'deny') return deny(deps, ctx, signIn)
  if (decision !== 'allow' || !user) return showStep(deps, ctx, signIn, { problem: text('consent:choose') })
  const ticked = { openid: fields(body, 'scope'), resources: fields(body, 'resource_scope') }
  const next = await deps.database.transaction(async (tx) => {
    const { language } = ctx.state
    const saved = await deps.oidc.saveConsent(tx, interaction, user.id, ticked, language)
    if (!saved) return null
    const { grantId, decision: allowed } = saved
    const detail = { scopes: allowed.granted.openid, resources: allowed.granted.resources }
    const { clientId } = interaction
    await record(tx, { type: 'consent.granted', userId: user.id, clientId, grantId, ip: ipOf(ctx), detail })
    return deps.oidc.finishInteraction(tx, interaction.uid, { consent: { grantId } })
  })
  if (next === null) {
    toDispatcher(ctx, interaction.uid)
    return
  }
  rememberFinished(ctx, interaction.uid)
  ctx.status = 303
  ctx.redirect(next)
}
