import { z } from 'zod'
import type { Stream, StreamLag } from '../../receivers/index.ts'
import { instant } from '../frame/schema.ts'

export const statuses = ['enabled', 'paused', 'disabled'] as const

export const streamSchema = z
  .strictObject({
    stream_id: z.uuid(),
    client_id: z.string(),
    method: z.enum(['push', 'poll']),
    endpoint_url: z.string().nullable().meta({ description: 'Where events are pushed to.' }),
    events_requested: z.array(z.string()),
    default_subjects: z.enum(['ALL', 'NONE']),
    description: z.string().nullable(),
    status: z.enum(statuses),
    status_reason: z.string().nullable(),
    held_by_operator: z.boolean().meta({ description: 'Its receiver cannot change the status.' }),
    waiting: z.int().min(0).meta({ description: 'Events that its receiver did not take yet.' }),
    oldest_seconds: z.number().min(0).meta({ description: 'How long the oldest of them has waited.' }),
    behind: z.int().min(0).meta({
      description: 'Audit events that were not looked at for it yet; 10000 stands for more.',
    }),
    delivered: z.int().min(0),
    refused: z.int().min(0).meta({ description: 'Events that its receiver found fault with.' }),
    dropped: z.int().min(0).meta({ description: 'Events that nobody came for in 30 days.' }),
    failing_since: instant.nullable(),
    next_attempt_at: instant.nullable().meta({ description: 'When the next push may be tried.' }),
    last_error: z.string().nullable(),
    last_error_at: instant.nullable(),
    last_delivered_at: instant.nullable(),
    created_at: instant,
  })
  .meta({ id: 'Stream' })

export function showStream(stream: Stream, lag: StreamLag | undefined): z.output<typeof streamSchema> {
  const at = (date: Date | null) => date?.toISOString() ?? null
  return {
    stream_id: stream.id,
    client_id: stream.clientId,
    method: stream.method,
    endpoint_url: stream.endpointUrl,
    events_requested: stream.eventsRequested,
    default_subjects: stream.defaultSubjects,
    description: stream.description,
    status: stream.status,
    status_reason: stream.statusReason,
    held_by_operator: stream.heldByOperator,
    waiting: lag?.waiting ?? 0,
    oldest_seconds: lag?.oldestSeconds ?? 0,
    behind: lag?.behind ?? 0,
    delivered: Number(stream.delivered),
    refused: Number(stream.refused),
    dropped: Number(stream.dropped),
    failing_since: at(stream.failingSince),
    next_attempt_at: stream.method === 'push' ? at(stream.nextAttemptAt) : null,
    last_error: stream.lastError,
    last_error_at: at(stream.lastErrorAt),
    last_delivered_at: at(stream.lastDeliveredAt),
    created_at: stream.createdAt.toISOString(),
  }
}

export const streamExample: z.input<typeof streamSchema> = {
  stream_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
  client_id: 'siem',
  method: 'push',
  endpoint_url: 'https://siem.example/events',
  events_requested: ['https://schemas.openid.net/secevent/caep/event-type/session-revoked'],
  default_subjects: 'ALL',
  description: null,
  status: 'enabled',
  status_reason: null,
  held_by_operator: false,
  waiting: 3,
  oldest_seconds: 41.5,
  behind: 0,
  delivered: 1204,
  refused: 0,
  dropped: 0,
  failing_since: '2026-11-21T10:00:00.000Z',
  next_attempt_at: '2026-11-21T10:05:00.000Z',
  last_error: 'http_503',
  last_error_at: '2026-11-21T10:04:20.000Z',
  last_delivered_at: '2026-11-21T09:59:58.000Z',
  created_at: '2026-11-01T08:00:00.000Z',
}
