import { z } from 'zod'
import { resourceScopeSchema } from '../../clients/index.ts'
import type { StoredResourceServer } from '../../clients/index.ts'
import { languages } from '../../language/index.ts'
import { instant } from '../frame/schema.ts'

/** The identifier as it stands in a path, percent-encoded there. */
export const identifierParams = z.strictObject({
  id: z.string().min(1).max(1000).meta({ description: 'The identifier, percent-encoded.' }),
})

export const fields = {
  name: z.string().min(1).max(100),
  scopes: z.array(resourceScopeSchema).max(200),
  access_token_format: z.enum(['opaque', 'jwt']),
  access_token_ttl: z.int().min(30).max(3600).meta({ description: 'Seconds.' }),
  client_id: z
    .string()
    .min(1)
    .max(200)
    .nullable()
    .meta({ description: 'The client that this API introspects as.' }),
  allow_long_lived: z.boolean().meta({
    description:
      'Lets JWTs live longer than 600 seconds. An API that does not check their status accepts a revoked one until it expires.',
  }),
}

export const resourceServerSchema = z
  .strictObject({
    identifier: z.string(),
    name: fields.name,
    scopes: z.array(
      z.strictObject({
        name: z.string(),
        description: z.string(),
        descriptions: z
          .partialRecord(z.enum(languages), z.string())
          .optional()
          .meta({ description: 'The same in other languages, by their tags.' }),
        optional: z.boolean(),
      }),
    ),
    access_token_format: fields.access_token_format,
    access_token_ttl: fields.access_token_ttl,
    client_id: fields.client_id,
    built_in: z.boolean().meta({ description: "Cardea's own: it can be neither changed nor deleted." }),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'ResourceServer' })

export function showResourceServer(server: StoredResourceServer): z.output<typeof resourceServerSchema> {
  return {
    identifier: server.identifier,
    name: server.name,
    scopes: server.scopes,
    access_token_format: server.accessTokenFormat,
    access_token_ttl: server.accessTokenTtlSeconds,
    client_id: server.clientId,
    built_in: server.builtIn,
    created_at: server.createdAt.toISOString(),
    updated_at: server.updatedAt.toISOString(),
  }
}

export const resourceServerExample = {
  identifier: 'https://api.shop.example/',
  name: 'Shop',
  scopes: [
    {
      name: 'orders:read',
      description: 'See your orders',
      descriptions: { de: 'Ihre Bestellungen sehen' },
      optional: true,
    },
  ],
  access_token_format: 'opaque' as const,
  access_token_ttl: 600,
  client_id: 'shop-api',
  built_in: false,
  created_at: '2026-11-21T09:30:00.000Z',
  updated_at: '2026-11-21T09:30:00.000Z',
}
