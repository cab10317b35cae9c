import { z } from 'zod'
import { listDeliveries, listWebhookEndpoints } from '../../receivers/index.ts'
import { tagged } from '../frame/answer.ts'
import { onePage } from '../frame/page.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { endpointOf } from './authority.ts'
import {
  deliverySchema,
  settingsOf,
  showDelivery,
  showWebhook,
  webhookExample,
  webhookSchema,
} from './representation.ts'

export const list = route({
  method: 'GET',
  path: '/webhooks',
  operationId: 'listWebhooks',
  tag: 'Webhooks',
  summary: 'List webhooks',
  description: 'In the order of their ids.',
  scope: 'webhooks:read',
  paged: true,
  success: {
    status: 200,
    description: 'One page of webhooks',
    schema: z.array(webhookSchema),
    example: [webhookExample],
  },
  async handler({ db, deps: { sealer }, page: { after, limit } }) {
    const found = await listWebhookEndpoints({ db, sealer }, { after, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, ({ id }) => id)
    return { body: rows.map(showWebhook), next }
  },
})

export const read = route({
  method: 'GET',
  path: '/webhooks/:id',
  operationId: 'getWebhook',
  tag: 'Webhooks',
  summary: 'Get a webhook',
  scope: 'webhooks:read',
  params: idParams,
  success: {
    status: 200,
    description: 'The webhook, with an ETag of its settings',
    schema: webhookSchema,
    example: webhookExample,
  },
  problems: ['not_found'],
  async handler(call) {
    const endpoint = await endpointOf(call)
    return { body: showWebhook(endpoint), headers: tagged(settingsOf(endpoint)).headers }
  },
})

export const deliveries = route({
  method: 'GET',
  path: '/webhooks/:id/deliveries',
  operationId: 'listWebhookDeliveries',
  tag: 'Webhooks',
  summary: 'List attempts to deliver to a webhook',
  description: 'Of the last 30 days, the newest first, tests among them.',
  scope: 'webhooks:read',
  params: idParams,
  paged: true,
  success: {
    status: 200,
    description: 'One page of attempts',
    schema: z.array(deliverySchema),
    example: [
      {
        delivery_id: '4711',
        message_id: 'evt_90210',
        event_type: 'user.disabled',
        at: '2026-11-21T09:30:00.000Z',
        duration_ms: 31,
        status: 204,
        error: null,
      },
    ],
  },
  problems: ['not_found'],
  async handler(call) {
    const { id: endpointId } = await endpointOf(call)
    const { after: before, limit } = call.page
    const found = await listDeliveries(call.db, { endpointId, before, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, ({ id }) => id)
    return { body: rows.map(showDelivery), next }
  },
})
