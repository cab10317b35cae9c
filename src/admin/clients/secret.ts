import { z } from 'zod'
import { MAX_OVERLAP_SECONDS, rotateClientSecret } from '../../clients/index.ts'
import { revoke } from '../../oidc/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { revokedSchema, showRevoked } from '../frame/receipt.ts'
import { route } from '../frame/route.ts'
import { idParams, instant } from '../frame/schema.ts'
import { actOnClient } from './authority.ts'
import { newSecretSchema } from './representation.ts'

export const rotateSecret = route({
  method: 'POST',
  path: '/clients/:id/secret',
  operationId: 'rotateClientSecret',
  tag: 'Clients',
  summary: "Replace a client's secret",
  description:
    'With an overlap the old secret is accepted so much longer, and nothing ends: the way to move a client without a gap. Without one it is worth nothing from the answer on, and everything that was obtained with it ends too. A secret still overlapping from before ends in either case.',
  scope: 'clients:write',
  params: idParams,
  body: z
    .strictObject({
      overlap_seconds: z
        .int()
        .min(0)
        .max(MAX_OVERLAP_SECONDS)
        .default(0)
        .meta({ description: 'At most 30 days.' }),
    })
    .meta({ id: 'RotateSecret' }),
  bodyOptional: true,
  example: { overlap_seconds: 86_400 },
  success: {
    status: 200,
    description: 'The new secret, shown this once',
    schema: z.strictObject({
      client_id: z.string(),
      client_secret: newSecretSchema,
      previous_secret_expires_at: instant.nullable(),
      revoked: revokedSchema.nullable().meta({ description: 'What ended; null with an overlap.' }),
    }),
    example: {
      client_id: 'shop',
      client_secret: 'm0vZ3KkQZ0v4sYk2nqO3m1bC8tGf5rWx7yLpJd9hEaU',
      previous_secret_expires_at: '2026-11-22T09:30:00.000Z',
      revoked: null,
    },
  },
  problems: ['not_found', 'built_in', 'own_client', 'target_holds_more', 'no_secret'],
  async handler(call) {
    const { db, actor, ip, body } = call
    const { id } = await actOnClient(call, { touchesPower: true })
    const overlapSeconds = body.overlap_seconds
    const rotated = await rotateClientSecret(db, id, { overlapSeconds, actor, ip })
    if (!rotated.ok) throw new AdminProblem(rotated.reason)
    const revoked =
      overlapSeconds === 0
        ? await revoke(db, { clientId: id }, { reason: 'client_secret_rotated', actor, ip })
        : null
    return {
      body: {
        client_id: id,
        client_secret: rotated.secret,
        previous_secret_expires_at: rotated.previousExpiresAt?.toISOString() ?? null,
        revoked: revoked && showRevoked(revoked),
      },
    }
  },
})
