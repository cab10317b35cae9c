import { z } from 'zod'
import type { Receipt } from '../../oidc/index.ts'
import { countsSchema, revokedExample } from '../frame/receipt.ts'
import { instant } from '../frame/schema.ts'

/** What was covered, in the words it was asked in. */
export const coveredSchema = z
  .strictObject({
    user_id: z.string().optional(),
    client_id: z.string().optional(),
    session_id: z.string().optional(),
    grant_id: z.string().optional(),
    token: z.string().optional().meta({ description: 'The handle of a token.' }),
    signing_key: z.string().optional().meta({ description: 'The `kid` of a signing key.' }),
    everything: z.literal(true).optional(),
    issued_before: instant.optional(),
  })
  .meta({ id: 'RevocationSelector' })

const actorSchema = z
  .strictObject({
    via: z.string().optional(),
    client_id: z.string().optional(),
    user_id: z.string().optional(),
    token: z.string().optional().meta({ description: 'The handle of the access token it was asked with.' }),
    request_id: z.string().optional(),
  })
  .meta({ id: 'Actor' })

const noticeSchema = z
  .strictObject({
    client_id: z.string(),
    sid: z.string().nullable(),
    state: z.enum(['queued', 'delivered', 'failed']),
    attempts: z.int().min(0),
    last_attempt_at: instant.nullable(),
    next_attempt_at: instant.nullable(),
    delivered_at: instant.nullable(),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'LogoutNotice' })

const summary = {
  id: z.uuid(),
  state: z.enum(['running', 'completed']),
  created_at: instant,
  effective_at: instant.meta({
    description: 'Nothing that goes back to this instant or before is accepted.',
  }),
  completed_at: instant.nullable(),
  selector: coveredSchema,
  reason: z.string(),
  actor: actorSchema,
  notify: z.boolean(),
  keep: z
    .strictObject({
      session_id: z.string().optional(),
      grant_id: z.string().optional(),
      token: z.string().optional(),
    })
    .nullable(),
  counts: countsSchema,
  jwt_until: instant.nullable().meta({
    description:
      'Until when a JWT access token that ended could be accepted by an API that does not check its status.',
  }),
}

export const summarySchema = z.strictObject(summary).meta({ id: 'RevocationSummary' })

/** The receipt: who asked for it, why, when, what ended, and who has been told. */
export const receiptSchema = z
  .strictObject({
    ...summary,
    relying_parties: z
      .array(noticeSchema)
      .meta({ description: 'Back-channel logouts, at most 200 of them.' }),
    more_relying_parties: z.boolean(),
  })
  .meta({ id: 'Revocation' })

export function showSummary(receipt: Omit<Receipt, 'relyingParties' | 'moreRelyingParties'>) {
  const { via, clientId, userId, token, requestId } = receipt.actor
  const { remaining_grants: _grants, ...selector } = receipt.selector
  return {
    id: receipt.id,
    state: receipt.state,
    created_at: receipt.createdAt.toISOString(),
    effective_at: receipt.effectiveAt.toISOString(),
    completed_at: iso(receipt.completedAt),
    selector,
    reason: receipt.reason,
    actor: {
      ...(via && { via }),
      ...(clientId && { client_id: clientId }),
      ...(userId && { user_id: userId }),
      ...(token && { token }),
      ...(requestId && { request_id: requestId }),
    },
    notify: receipt.notify,
    keep: receipt.keep,
    counts: receipt.counts,
    jwt_until: iso(receipt.jwtUntil),
  }
}

export function showReceipt(receipt: Receipt): z.output<typeof receiptSchema> {
  return {
    ...showSummary(receipt),
    relying_parties: receipt.relyingParties.map((notice) => ({
      client_id: notice.clientId,
      sid: notice.sid,
      state: notice.state,
      attempts: notice.attempts,
      last_attempt_at: iso(notice.lastAttemptAt),
      next_attempt_at: iso(notice.nextAttemptAt),
      delivered_at: iso(notice.deliveredAt),
      last_error: notice.lastError,
    })),
    more_relying_parties: receipt.moreRelyingParties,
  }
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null
}

export const summaryExample = {
  ...revokedExample,
  created_at: '2026-11-21T09:31:00.000Z',
  completed_at: '2026-11-21T09:31:00.000Z',
  selector: { user_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01' },
  reason: 'laptop stolen',
  actor: { via: 'admin_api', client_id: 'cardea-cli', user_id: '019aa0f4-1111-7c1e-8f2a-5b6c7d8e9f01' },
  notify: true,
  keep: null,
}

export const receiptExample = {
  ...summaryExample,
  relying_parties: [
    {
      client_id: 'shop',
      sid: 'Yk9zqSe1Vw',
      state: 'delivered' as const,
      attempts: 1,
      last_attempt_at: '2026-11-21T09:31:00.412Z',
      next_attempt_at: null,
      delivered_at: '2026-11-21T09:31:00.431Z',
      last_error: null,
    },
  ],
  more_relying_parties: false,
}
