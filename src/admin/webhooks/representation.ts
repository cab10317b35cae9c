import { z } from 'zod'
import { isTypePattern } from '../../receivers/index.ts'
import type { DeliveredOrNot, WebhookEndpoint } from '../../receivers/index.ts'
import { instant } from '../frame/schema.ts'

export const fields = {
  url: z.string().min(1).max(2000).meta({ description: 'Where messages are sent, by POST.' }),
  description: z.string().max(200),
  event_types: z
    .array(
      z.string().refine(isTypePattern, 'must be a type that there is, such as user.disabled, user.* or *'),
    )
    .min(1)
    .max(100)
    .meta({ description: 'Of the audit: `user.disabled`, `user.*` for all that begin so, `*` for all.' }),
}

export const webhookSchema = z
  .strictObject({
    webhook_id: z.uuid(),
    url: fields.url,
    description: fields.description,
    event_types: z.array(z.string()),
    status: z.enum(['active', 'failing', 'paused', 'disabled']).meta({
      description:
        '`failing`: the last attempt came to nothing, the next one is at `next_attempt_at`. `paused`: nothing came through for five days; events wait until you resume it. `disabled`: by you, or because it answered 410.',
    }),
    failing_since: instant.nullable(),
    next_attempt_at: instant.nullable(),
    previous_secrets_until: z
      .array(instant)
      .meta({ description: 'Until when messages carry the signatures of secrets that were replaced, too.' }),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Webhook' })

export const secretSchema = z
  .string()
  .meta({ description: 'Shown this once. Messages are signed with it, as Standard Webhooks says.' })

export const webhookWithSecretSchema = z
  .strictObject({ ...webhookSchema.shape, secret: secretSchema })
  .meta({ id: 'WebhookWithSecret' })

export const deliverySchema = z
  .strictObject({
    delivery_id: z.string(),
    message_id: z
      .string()
      .meta({ description: 'The header webhook-id, the same at every try; the event’s id after `evt_`.' }),
    event_type: z.string(),
    at: instant,
    duration_ms: z.int().min(0),
    status: z.int().nullable().meta({ description: 'Of the answer; null when there was none.' }),
    error: z.string().nullable().meta({
      description:
        'Null when it was delivered, else a word: `http_500`, `timeout`, `refused`, `unreachable`, `tls`, `blocked`, `broken`.',
    }),
  })
  .meta({ id: 'WebhookDelivery' })

export function showWebhook(endpoint: WebhookEndpoint): z.output<typeof webhookSchema> {
  const { id, url, description, state, failingSince, nextAttemptAt } = endpoint
  return {
    ...{ webhook_id: id, url, description, event_types: endpoint.eventTypes, status: state },
    failing_since: failingSince?.toISOString() ?? null,
    next_attempt_at: state === 'failing' ? nextAttemptAt.toISOString() : null,
    previous_secrets_until: endpoint.secretsUntil.filter((until) => until !== null),
    created_at: endpoint.createdAt.toISOString(),
    updated_at: endpoint.updatedAt.toISOString(),
  }
}

/** What an entity tag stands for: what operators have set. How deliveries go changes by itself. */
export function settingsOf({ id, url, description, eventTypes, state }: WebhookEndpoint): object {
  return { id, url, description, eventTypes, disabled: state === 'disabled' }
}

export function showDelivery(delivery: DeliveredOrNot): z.output<typeof deliverySchema> {
  const { id, messageId, eventType, at, durationMs, status, error } = delivery
  return {
    ...{ delivery_id: id, message_id: messageId, event_type: eventType, at: at.toISOString() },
    ...{ duration_ms: durationMs, status, error },
  }
}

export const webhookExample = {
  webhook_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
  url: 'https://shop.example/cardea-events',
  description: 'Closes carts of users who are gone',
  event_types: ['user.*', 'access.revoked'],
  status: 'active' as const,
  failing_since: null,
  next_attempt_at: null,
  previous_secrets_until: [],
  created_at: '2026-11-21T09:30:00.000Z',
  updated_at: '2026-11-21T09:30:00.000Z',
}
export const secretExample = 'whsec_bTB2WjNLa1FaMHY0c1lrMm5xTzNtMWJDOHRHZjVyV3g='
