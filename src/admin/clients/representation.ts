import { z } from 'zod'
import { clientMetadataSchema } from '../../clients/index.ts'
import type { StoredClient } from '../../clients/index.ts'
import { instant } from '../frame/schema.ts'

export const clientName = z.string().min(1).max(100)
const secret = z.string().meta({ description: 'Shown this once. What is kept is a digest of it.' })

/** A client as the API shows one: RFC 7591 metadata and what this server adds. Its secret is nowhere to be shown from. */
export const clientSchema = z
  .strictObject({
    client_id: z.string(),
    client_name: z.string(),
    ...clientMetadataSchema.shape,
    first_party: z.boolean().meta({ description: 'One of our own: its users are not asked for consent.' }),
    verified: z.boolean().meta({
      description:
        'You know who runs it; the consent page says so. Lost with another name, logo, address or redirect URI.',
    }),
    built_in: z
      .boolean()
      .meta({ description: 'Part of Cardea itself: it can be neither changed nor deleted.' }),
    status: z.enum(['active', 'disabled']),
    has_secret: z.boolean(),
    previous_secret_expires_at: instant
      .nullable()
      .meta({ description: 'Until when the secret before the last rotation is accepted too.' }),
    disabled_at: instant.nullable(),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Client' })

/** Where it was made or changed in a way that gave it a secret. */
export const clientWithSecretSchema = z
  .strictObject({ ...clientSchema.shape, client_secret: secret.optional() })
  .meta({ id: 'ClientWithSecret' })

export const newSecretSchema = secret

export function showClient(client: StoredClient): z.input<typeof clientSchema> {
  return {
    client_id: client.id,
    client_name: client.name,
    ...client.metadata,
    first_party: client.firstParty,
    verified: client.verified,
    built_in: client.builtIn,
    status: client.disabledAt === null ? 'active' : 'disabled',
    has_secret: client.hasSecret,
    previous_secret_expires_at: client.previousSecretExpiresAt?.toISOString() ?? null,
    disabled_at: client.disabledAt?.toISOString() ?? null,
    created_at: client.createdAt.toISOString(),
    updated_at: client.updatedAt.toISOString(),
  }
}

export const clientExample = {
  client_id: 'shop',
  client_name: 'Shop',
  redirect_uris: ['https://shop.example/callback'],
  post_logout_redirect_uris: ['https://shop.example/signed-out'],
  grant_types: ['authorization_code' as const, 'refresh_token' as const],
  token_endpoint_auth_method: 'client_secret_basic' as const,
  application_type: 'web' as const,
  backchannel_logout_uri: 'https://shop.example/logged-out',
  first_party: false,
  verified: true,
  built_in: false,
  status: 'active' as const,
  has_secret: true,
  previous_secret_expires_at: null,
  disabled_at: null,
  created_at: '2026-11-21T09:30:00.000Z',
  updated_at: '2026-11-21T09:30:00.000Z',
}
