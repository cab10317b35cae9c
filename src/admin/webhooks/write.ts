import { z } from 'zod'
import { record } from '../../audit/index.ts'
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  placeNow,
  updateWebhookEndpoint,
} from '../../receivers/index.ts'
import { tagged } from '../frame/answer.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { receiverUrl } from './address.ts'
import { lockedEndpoint, requireMayHear } from './authority.ts'
import {
  fields,
  secretExample,
  settingsOf,
  showWebhook,
  webhookExample,
  webhookSchema,
  webhookWithSecretSchema,
} from './representation.ts'

const { url, description, event_types } = fields

export const create = route({
  method: 'POST',
  path: '/webhooks',
  operationId: 'createWebhook',
  tag: 'Webhooks',
  summary: 'Register a webhook',
  description:
    'An address that is told of what happens from now on: at least once, in order, signed (Standard Webhooks). The answer holds the secret, this once. It takes `audit:read` as well.',
  scope: 'webhooks:write',
  body: z
    .strictObject({ url, description: description.optional(), event_types: event_types.default(['*']) })
    .meta({ id: 'NewWebhook' }),
  example: { url: 'https://shop.example/cardea-events', event_types: ['user.*', 'access.revoked'] },
  success: {
    status: 201,
    description: 'The webhook and its secret, at Location',
    schema: webhookWithSecretSchema,
    example: { ...webhookExample, secret: secretExample },
  },
  async handler({ db, deps, body, caller, actor, ip }) {
    requireMayHear(caller)
    const { endpoint, secret } = await createWebhookEndpoint(
      { tx: db, sealer: deps.sealer },
      {
        ...{ url: receiverUrl(body.url, deps), description: body.description },
        ...{ eventTypes: body.event_types, from: await placeNow(db) },
      },
    )
    const detail = { webhook: endpoint.id, host: new URL(endpoint.url).host, types: endpoint.eventTypes }
    await record(db, { type: 'webhook.created', actor, ip, detail })
    return {
      body: { ...showWebhook(endpoint), secret },
      headers: { ...tagged(settingsOf(endpoint)).headers, Location: `/v1/webhooks/${endpoint.id}` },
    }
  },
})

export const patch = route({
  method: 'PATCH',
  path: '/webhooks/:id',
  operationId: 'updateWebhook',
  tag: 'Webhooks',
  summary: 'Change, disable or enable a webhook',
  description:
    'A merge patch (RFC 7396). What happens while it is disabled it is told once it is enabled, as far as the audit still has it; `skip_missed` leaves that out. A new address is tried at once. It takes `audit:read` as well to change `url` and `event_types`, and to enable.',
  scope: 'webhooks:write',
  params: idParams,
  body: z
    .strictObject({
      url: url.optional(),
      description: description.optional(),
      event_types: event_types.optional(),
      disabled: z.boolean().optional(),
      skip_missed: z.literal(true).optional().meta({
        description: 'It is told of what happens from now on, and not of what it has still to hear.',
      }),
    })
    .meta({ id: 'WebhookPatch' }),
  example: { event_types: ['user.disabled', 'user.deleted'] },
  ifMatch: true,
  success: {
    status: 200,
    description: 'The webhook as it is now',
    schema: webhookSchema,
    example: webhookExample,
  },
  problems: ['not_found'],
  async handler(call) {
    const { db, deps, body, params, actor, ip } = call
    call.requireMatch(settingsOf(await lockedEndpoint(call)))
    const tellsMore = body.url !== undefined || body.event_types !== undefined || body.disabled === false
    if (tellsMore) requireMayHear(call.caller)
    const patch = {
      ...(body.url !== undefined && { url: receiverUrl(body.url, deps) }),
      ...{ description: body.description, eventTypes: body.event_types, disabled: body.disabled },
    }
    const changed = { patch, skipTo: body.skip_missed && (await placeNow(db)) }
    const endpoint = await updateWebhookEndpoint({ tx: db, sealer: deps.sealer }, params.id, changed)
    if (!endpoint) throw new AdminProblem('not_found')
    const host = new URL(endpoint.url).host
    const detail = { webhook: endpoint.id, host, changed: Object.keys(body), status: endpoint.state }
    await record(db, { type: 'webhook.updated', actor, ip, detail })
    return { body: showWebhook(endpoint), headers: tagged(settingsOf(endpoint)).headers }
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/webhooks/:id',
  operationId: 'deleteWebhook',
  tag: 'Webhooks',
  summary: 'Delete a webhook',
  description: 'With its secrets and its log. It is told nothing more, also of what it had still to hear.',
  scope: 'webhooks:write',
  params: idParams,
  ifMatch: true,
  success: { status: 204, description: 'It is gone' },
  problems: ['not_found'],
  async handler(call) {
    const { db, actor, ip } = call
    const endpoint = await lockedEndpoint(call)
    call.requireMatch(settingsOf(endpoint))
    await deleteWebhookEndpoint(db, endpoint.id)
    const detail = { webhook: endpoint.id, host: new URL(endpoint.url).host }
    await record(db, { type: 'webhook.deleted', actor, ip, detail })
    return {}
  },
})
