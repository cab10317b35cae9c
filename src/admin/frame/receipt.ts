import { z } from 'zod'
import type { Revoked } from '../../oidc/index.ts'
import { instant } from './schema.ts'

const count = z.int().min(0)

/** How much ended, by kind. */
export const countsSchema = z
  .strictObject({
    sessions: count,
    grants: count,
    authorization_codes: count,
    device_codes: count,
    refresh_tokens: count,
    access_tokens: count,
    jwt_access_tokens: count,
  })
  .meta({ id: 'RevocationCounts' })

/** What an answer says about access that ended with the change; the whole receipt is at /v1/revocations/{id}. */
export const revokedSchema = z
  .strictObject({
    id: z.uuid().meta({ description: 'The receipt, at `/v1/revocations/{id}`.' }),
    state: z.enum(['running', 'completed']).meta({
      description: 'Either way nothing is accepted any more. While `running`, rows are still being cleared.',
    }),
    effective_at: instant,
    counts: countsSchema,
    jwt_until: instant.nullable().meta({
      description:
        'Until when a JWT access token that ended could be accepted by an API that does not check its status.',
    }),
  })
  .meta({ id: 'Revoked' })

export function showRevoked({
  id,
  state,
  effectiveAt,
  counts,
  jwtUntil,
}: Revoked): z.output<typeof revokedSchema> {
  return {
    ...{ id, state, counts },
    effective_at: effectiveAt.toISOString(),
    jwt_until: jwtUntil?.toISOString() ?? null,
  }
}

export const revokedExample = {
  id: '5f0c1f0e-0f6b-4c3a-9a53-6f3f8a0b2d11',
  state: 'completed' as const,
  effective_at: '2026-11-21T09:31:00.000Z',
  counts: {
    sessions: 2,
    grants: 3,
    authorization_codes: 0,
    device_codes: 0,
    refresh_tokens: 3,
    access_tokens: 5,
    jwt_access_tokens: 0,
  },
  jwt_until: null,
}
