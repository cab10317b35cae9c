import { z } from 'zod'
import {
  addResourceServer,
  deleteResourceServer,
  lockResourceServer,
  updateResourceServer,
} from '../../clients/index.ts'
import type { StoredResourceServer } from '../../clients/index.ts'
import type { Tx } from '../../db/index.ts'
import { tagged } from '../frame/answer.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { invalidContent } from '../frame/validate.ts'
import {
  fields,
  identifierParams,
  resourceServerExample,
  resourceServerSchema,
  showResourceServer,
} from './representation.ts'

const { name, scopes, access_token_format, access_token_ttl, client_id, allow_long_lived } = fields

export const create = route({
  method: 'POST',
  path: '/resource-servers',
  operationId: 'createResourceServer',
  tag: 'Resource servers',
  summary: 'Register a resource server',
  description:
    'An API by its resource indicator, an absolute http(s) URI without a fragment. Opaque tokens end at once when they are revoked; JWTs are refused by APIs that check their status, and live at most 600 seconds unless you allow more.',
  scope: 'resources:write',
  body: z
    .strictObject({
      identifier: z.string().min(1).max(1000),
      name,
      scopes: scopes.optional(),
      access_token_format: access_token_format.optional(),
      access_token_ttl: access_token_ttl.optional(),
      client_id: client_id.optional(),
      allow_long_lived: allow_long_lived.optional(),
    })
    .meta({ id: 'NewResourceServer' }),
  example: {
    identifier: 'https://api.shop.example/',
    name: 'Shop',
    scopes: [{ name: 'orders:read', description: 'See your orders', optional: true }],
  },
  success: {
    status: 201,
    description: 'The resource server, at Location',
    schema: resourceServerSchema,
    example: resourceServerExample,
  },
  problems: ['identifier_taken', 'introspection_client_taken'],
  async handler({ db, body, actor, ip }) {
    const { identifier, name, scopes = [] } = body
    const input = { identifier, name, scopes, ...optional(body) }
    const added = await checked(() => addResourceServer(db, input, { actor, ip }))
    if (!added.ok) throw refusal(added.reason)
    const { body: shown, headers } = tagged(showResourceServer(added.resourceServer))
    return { body: shown, headers: { ...headers, Location: pathOf(identifier) } }
  },
})

export const patch = route({
  method: 'PATCH',
  path: '/resource-servers/:id',
  operationId: 'updateResourceServer',
  tag: 'Resource servers',
  summary: 'Change a resource server',
  description:
    'A merge patch (RFC 7396): what is left out stays, the result is checked as a whole. Tokens that were issued keep their format, scopes and end.',
  scope: 'resources:write',
  params: identifierParams,
  body: z
    .strictObject({
      name: name.optional(),
      scopes: scopes.optional(),
      access_token_format: access_token_format.optional(),
      access_token_ttl: access_token_ttl.optional(),
      client_id: client_id.optional(),
      allow_long_lived: allow_long_lived.optional(),
    })
    .meta({ id: 'ResourceServerPatch' }),
  example: { access_token_format: 'jwt', access_token_ttl: 300 },
  ifMatch: true,
  success: {
    status: 200,
    description: 'The resource server as it is now',
    schema: resourceServerSchema,
    example: resourceServerExample,
  },
  problems: ['not_found', 'built_in', 'introspection_client_taken'],
  async handler(call) {
    const { db, body, params, actor, ip } = call
    call.requireMatch(showResourceServer(await locked(db, params.id)))
    const changes = {
      ...(body.name !== undefined && { name: body.name }),
      ...(body.scopes !== undefined && { scopes: body.scopes }),
      ...optional(body),
    }
    const updated = await checked(() => updateResourceServer(db, params.id, changes, { actor, ip }))
    if (!updated.ok) throw refusal(updated.reason)
    return tagged(showResourceServer(updated.resourceServer))
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/resource-servers/:id',
  operationId: 'deleteResourceServer',
  tag: 'Resource servers',
  summary: 'Delete a resource server',
  description:
    'No token is issued for it any more, and nobody can introspect the ones that were; they end within their time. Deleting again is 404.',
  scope: 'resources:write',
  params: identifierParams,
  ifMatch: true,
  success: { status: 204, description: 'It is gone' },
  problems: ['not_found', 'built_in'],
  async handler(call) {
    const { db, params, actor, ip } = call
    call.requireMatch(showResourceServer(await locked(db, params.id)))
    await deleteResourceServer(db, params.id, { actor, ip })
    return {}
  },
})

async function locked(db: Tx, id: string): Promise<StoredResourceServer> {
  const found = await lockResourceServer(db, id)
  if (!found.ok) throw new AdminProblem(found.reason)
  return found.resourceServer
}

type Optional = {
  access_token_format?: 'opaque' | 'jwt' | undefined
  access_token_ttl?: number | undefined
  client_id?: string | null | undefined
  allow_long_lived?: boolean | undefined
}

function optional({ access_token_format, access_token_ttl, client_id, allow_long_lived }: Optional) {
  return {
    ...(access_token_format !== undefined && { accessTokenFormat: access_token_format }),
    ...(access_token_ttl !== undefined && { accessTokenTtlSeconds: access_token_ttl }),
    ...(client_id !== undefined && { clientId: client_id }),
    ...(allow_long_lived !== undefined && { allowLongLived: allow_long_lived }),
  }
}

const fieldOf: Record<string, string> = {
  accessTokenFormat: 'access_token_format',
  accessTokenTtlSeconds: 'access_token_ttl',
  clientId: 'client_id',
}

/** What the clients room finds wrong with the whole is the caller's to mend. */
async function checked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    throw invalidContent(
      error.issues.map(({ path, message }) => ({
        pointer: `/${path.map((part) => fieldOf[String(part)] ?? String(part)).join('/')}`,
        detail: message,
      })),
    )
  }
}

type Refusal = 'not_found' | 'built_in' | 'identifier_taken' | 'client_taken' | 'client_not_found'

function refusal(reason: Refusal): AdminProblem {
  if (reason === 'client_not_found')
    return invalidContent([{ pointer: '/client_id', detail: 'there is no such client' }])
  return new AdminProblem(reason === 'client_taken' ? 'introspection_client_taken' : reason)
}

function pathOf(identifier: string): string {
  return `/v1/resource-servers/${encodeURIComponent(identifier)}`
}
