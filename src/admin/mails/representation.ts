import { z } from 'zod'
import type { ListedMail } from '../../mail/index.ts'
import { instant } from '../frame/schema.ts'

export const stateSchema = z.enum(['queued', 'sent', 'failed'])

export const mailSchema = z
  .strictObject({
    mail_id: z.uuid(),
    template: z
      .string()
      .meta({ description: 'Its kind: `security-notice`, `invite`, `reset`, `register` …' }),
    user_id: z.uuid().nullable().meta({ description: 'Null for somebody without an account.' }),
    recipient: z
      .string()
      .nullable()
      .meta({ description: 'The address. Null to callers without `users:read`.' }),
    state: stateSchema,
    attempts: z.int().min(0),
    created_at: instant,
    next_attempt_at: instant.nullable().meta({ description: 'Null unless it is queued.' }),
    sent_at: instant.nullable(),
    retryable_until: instant.nullable().meta({
      description: 'Until then a failed one can be sent after all; null when its content is gone.',
    }),
    last_error: z
      .string()
      .nullable()
      .meta({ description: 'A word: `smtp_550`, `unreachable`, `timed_out`, `expired`, `ended` …' }),
  })
  .meta({ id: 'Mail' })

/** A mail without anything it says; with its address only for those who may see users. */
export function showMail(mail: ListedMail, maySeeUsers: boolean): z.output<typeof mailSchema> {
  const { id, template, userId, recipient, state, attempts, lastError } = mail
  return {
    ...{ mail_id: id, template, user_id: userId, recipient: maySeeUsers ? recipient : null, state, attempts },
    created_at: mail.createdAt.toISOString(),
    next_attempt_at: state === 'queued' ? mail.nextAttemptAt.toISOString() : null,
    sent_at: mail.sentAt?.toISOString() ?? null,
    retryable_until: mail.isRetryable ? mail.expiresAt.toISOString() : null,
    last_error: lastError,
  }
}

export const mailExample = {
  mail_id: '0c0f3f9e-6a1d-4f3c-9a53-2f5f2f1f7a11',
  template: 'security-notice',
  user_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
  recipient: 'ada@example.com',
  state: 'failed' as const,
  attempts: 3,
  created_at: '2026-11-21T09:30:00.000Z',
  next_attempt_at: null,
  sent_at: null,
  retryable_until: '2026-11-28T09:30:00.000Z',
  last_error: 'smtp_554',
}
