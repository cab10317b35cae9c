import { z } from 'zod'
import { record } from '../../audit/index.ts'
import {
  askForTest,
  MOST_OVERLAP_SECONDS,
  rotateWebhookSecret,
  updateWebhookEndpoint,
} from '../../receivers/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { idParams, instant } from '../frame/schema.ts'
import { endpointOf, lockedEndpoint, requireMayHear } from './authority.ts'
import { secretExample, secretSchema, showWebhook, webhookExample, webhookSchema } from './representation.ts'

export const rotateSecret = route({
  method: 'POST',
  path: '/webhooks/:id/secret',
  operationId: 'rotateWebhookSecret',
  tag: 'Webhooks',
  summary: "Replace a webhook's secret",
  description:
    'For as long as the overlap lasts messages carry two signatures, one by each secret, so that the receiver can be moved without a gap. With 0 the old one is worth nothing at once. It takes `audit:read` as well.',
  scope: 'webhooks:write',
  params: idParams,
  body: z
    .strictObject({
      overlap_seconds: z
        .int()
        .min(0)
        .max(MOST_OVERLAP_SECONDS)
        .default(86_400)
        .meta({ description: 'At most 7 days.' }),
    })
    .meta({ id: 'RotateWebhookSecret' }),
  bodyOptional: true,
  example: { overlap_seconds: 86_400 },
  success: {
    status: 200,
    description: 'The new secret, shown this once',
    schema: z.strictObject({
      webhook_id: z.uuid(),
      secret: secretSchema,
      previous_secrets_until: z.array(instant),
    }),
    example: {
      webhook_id: webhookExample.webhook_id,
      secret: secretExample,
      previous_secrets_until: ['2026-11-22T09:30:00.000Z'],
    },
  },
  problems: ['not_found'],
  async handler(call) {
    const { db, deps, params, body, actor, ip } = call
    const { id } = await lockedEndpoint(call)
    requireMayHear(call.caller)
    const overlapSeconds = body.overlap_seconds
    const secret = await rotateWebhookSecret({ tx: db, sealer: deps.sealer }, { id, overlapSeconds })
    if (secret === null) throw new AdminProblem('not_found')
    const detail = { webhook: id, overlap_seconds: overlapSeconds }
    await record(db, { type: 'webhook.secret_rotated', actor, ip, detail })
    const { previous_secrets_until } = showWebhook(await endpointOf({ db, deps, params }))
    return { body: { webhook_id: id, secret, previous_secrets_until } }
  },
})

export const resume = route({
  method: 'POST',
  path: '/webhooks/:id/resume',
  operationId: 'resumeWebhook',
  tag: 'Webhooks',
  summary: 'Go on with a webhook that is paused, failing or was disabled by an answer of 410',
  description:
    'It is tried at once, from the first event that it has not taken. What the audit still has it is told. It takes `audit:read` as well.',
  scope: 'webhooks:write',
  params: idParams,
  success: {
    status: 200,
    description: 'The webhook as it is now',
    schema: webhookSchema,
    example: webhookExample,
  },
  problems: ['not_found', 'webhook_disabled'],
  async handler(call) {
    const { db, deps, actor, ip } = call
    const { id, state, failingSince } = await lockedEndpoint(call)
    requireMayHear(call.caller)
    // By an operator: one that answered 410 has failed.
    if (state === 'disabled' && failingSince === null) throw new AdminProblem('webhook_disabled')
    const change = { patch: { resume: true as const } }
    const endpoint = await updateWebhookEndpoint({ tx: db, sealer: deps.sealer }, id, change)
    if (!endpoint) throw new AdminProblem('not_found')
    await record(db, { type: 'webhook.resumed', actor, ip, detail: { webhook: id, was: state } })
    return { body: showWebhook(endpoint) }
  },
})

export const test = route({
  method: 'POST',
  path: '/webhooks/:id/test',
  operationId: 'testWebhook',
  tag: 'Webhooks',
  summary: 'Send a webhook a message of type webhook.test',
  description:
    'Once, whatever state it is in, and whatever comes of it the state stays. What came of it is in the log of its deliveries, under the id that is answered.',
  scope: 'webhooks:write',
  params: idParams,
  success: {
    status: 202,
    description: 'It will be sent in a moment',
    schema: z.strictObject({ message_id: z.string() }),
    example: { message_id: 'test_019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01' },
  },
  problems: ['not_found'],
  async handler(call) {
    const { db, actor, ip } = call
    const { id } = await endpointOf(call)
    const messageId = await askForTest(db, id)
    await record(db, { type: 'webhook.tested', actor, ip, detail: { webhook: id, message: messageId } })
    return { body: { message_id: messageId } }
  },
})
