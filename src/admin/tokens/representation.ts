import { z } from 'zod'
import type { ListedToken } from '../../oidc/index.ts'
import { instant } from '../frame/schema.ts'

/** A token as the API shows one: by its handle. Its value is known to nobody but its holder. */
export const tokenSchema = z
  .strictObject({
    handle: z.string().meta({ description: 'Names the token without being it.' }),
    kind: z.enum(['access_token', 'jwt_access_token', 'refresh_token', 'authorization_code', 'device_code']),
    active: z.boolean().meta({ description: 'Whether it is accepted right now.' }),
    client_id: z.string(),
    user_id: z.uuid().nullable().meta({ description: 'Null for one that a client got on its own behalf.' }),
    grant_id: z.string().nullable(),
    session_id: z.string().nullable(),
    audience: z
      .string()
      .nullable()
      .meta({ description: 'The resource server it is for; null is our own userinfo endpoint.' }),
    scopes: z.array(z.string()),
    issued_at: instant,
    expires_at: instant.nullable(),
    consumed_at: instant
      .nullable()
      .meta({ description: 'When a code was redeemed or a refresh token rotated.' }),
    revoked_at: instant.nullable(),
  })
  .meta({ id: 'Token' })

export function showToken(token: ListedToken): z.output<typeof tokenSchema> {
  const { handle, kind, active, clientId, userId, grantId, sessionId, audience, scopes } = token
  return {
    ...{ handle, kind, active, client_id: clientId, user_id: userId },
    ...{ grant_id: grantId, session_id: sessionId, audience, scopes },
    issued_at: token.issuedAt.toISOString(),
    expires_at: token.expiresAt?.toISOString() ?? null,
    consumed_at: token.consumedAt?.toISOString() ?? null,
    revoked_at: token.revokedAt?.toISOString() ?? null,
  }
}

export const tokenExample = {
  handle: 'tok_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
  kind: 'refresh_token' as const,
  active: true,
  client_id: 'shop',
  user_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
  grant_id: 'vAXyQ2dD0m3yGqk8rZ5b1lJcT6fWn9sHhE4uPo7iKxM',
  session_id: 'Yk1Qm8p0rV3sT5uW7xZ9a',
  audience: null,
  scopes: ['openid', 'offline_access'],
  issued_at: '2026-11-21T09:30:00.000Z',
  expires_at: '2026-12-05T09:30:00.000Z',
  consumed_at: null,
  revoked_at: null,
}
