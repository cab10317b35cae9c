import { createOutboundGuard } from '../../http/index.ts'
import { perform } from '../../queue/index.ts'
import type { Work } from '../../queue/index.ts'
import { findReceiver, noteAttempt, webhookTestTask } from '../../receivers/index.ts'
import { attemptOf, sendMessage } from './send.ts'
import type { WebhookDeps } from './send.ts'
import { verdictOn } from './verdict.ts'

/** Sends the messages that operators ask for to see whether an endpoint takes them. Only the log knows of it: its state stays as it is. */
export function testWebhooks(deps: WebhookDeps): Work {
  const guard = createOutboundGuard(deps.outboundAllow)
  return perform(webhookTestTask, async ({ endpointId, messageId }) => {
    const endpoint = await findReceiver(deps.database.prisma, endpointId)
    if (!endpoint) return
    const type = 'webhook.test'
    const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data: { webhook: endpointId } })
    const message = { id: messageId, type, body }
    const sent = await sendMessage(deps, guard, endpoint, message)
    const verdict = verdictOn(sent.answer, { failures: 0, failingForSeconds: 0 })
    deps.onOutcome(verdict.ok ? 'delivered' : 'failed')
    await noteAttempt(
      deps.database.prisma,
      endpointId,
      attemptOf(message, sent, verdict.ok ? null : verdict.error),
    )
  })
}
