import { z } from 'zod'
import type { StoredSigningKey } from '../../oidc/index.ts'
import { instant } from '../frame/schema.ts'

export const algSchema = z.enum(['RS256', 'ES256', 'EdDSA'])

/** A signing key as the API shows one: its public part. */
export const signingKeySchema = z
  .strictObject({
    kid: z.string(),
    alg: z.string(),
    state: z.enum(['announced', 'active', 'retiring', 'retired']).meta({
      description:
        '`announced`: published, not signing yet. `active`: signs. `retiring`: published, only verifies what it signed. `retired`: not published.',
    }),
    public_jwk: z.record(z.string(), z.string()),
    created_at: instant,
    activate_at: instant.meta({ description: 'When it signs, or began to.' }),
    retire_at: instant
      .nullable()
      .meta({ description: 'When it leaves the published keys; null while nothing replaces it.' }),
    retired_at: instant.nullable(),
  })
  .meta({ id: 'SigningKey' })

/** What of a public JWK is shown (RFC 7518 section 6): named one by one, so that nothing private ever is. */
const publicMembers = ['kty', 'crv', 'x', 'y', 'n', 'e'] as const

export function showSigningKey(key: StoredSigningKey): z.output<typeof signingKeySchema> {
  const { kid, alg, state, publicJwk } = key
  const members = publicMembers.flatMap((name) => {
    const value = publicJwk[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...{ kid, alg, state, public_jwk: Object.fromEntries(members) },
    created_at: key.createdAt.toISOString(),
    activate_at: key.activateAt.toISOString(),
    retire_at: key.retireAt?.toISOString() ?? null,
    retired_at: key.retiredAt?.toISOString() ?? null,
  }
}

export const signingKeyExample = {
  kid: 'q1bLkYh0mSWdC3zT7vN5xJ9aR2eUoFpG8iKtMwB4yZs',
  alg: 'ES256',
  state: 'announced' as const,
  public_jwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  },
  created_at: '2026-11-21T09:30:00.000Z',
  activate_at: '2026-11-21T09:40:00.000Z',
  retire_at: null,
  retired_at: null,
}
