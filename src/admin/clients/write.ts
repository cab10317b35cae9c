import { z } from 'zod'
import { clientMetadataSchema, createClient, updateClient } from '../../clients/index.ts'
import { etagOf } from '../frame/etag.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import {
  actOnClient,
  adminScopesIn,
  invalidMetadata,
  mayHaveStreams,
  requireGrant,
  requireMayGrant,
} from './authority.ts'
import { clientExample, clientName, clientWithSecretSchema, showClient } from './representation.ts'

const grantsPower =
  'Scopes of this API in `scope` need `admin:grant` as well, and cannot reach beyond your own; `first_party`, by which users are not asked for consent, and the scopes `ssf.read` and `ssf.manage`, by which a client hears of all users, need it too.'

export const create = route({
  method: 'POST',
  path: '/clients',
  operationId: 'createClient',
  tag: 'Clients',
  summary: 'Register a client',
  description: `In the names of RFC 7591. A client that authenticates with a secret gets one, shown this once. ${grantsPower}`,
  scope: 'clients:write',
  body: z
    .strictObject({
      client_id: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .meta({ description: 'An id of your choice instead of a random one.' }),
      client_name: clientName,
      first_party: z.boolean().optional(),
      verified: z.boolean().optional(),
      ...clientMetadataSchema.shape,
    })
    .meta({ id: 'NewClient' }),
  example: {
    client_name: 'Shop',
    redirect_uris: ['https://shop.example/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
  },
  success: {
    status: 201,
    description: 'The client, at Location, and its secret if it has one',
    schema: clientWithSecretSchema,
    example: { ...clientExample, client_secret: 'm0vZ3KkQZ0v4sYk2nqO3m1bC8tGf5rWx7yLpJd9hEaU' },
  },
  problems: ['client_id_taken', 'target_holds_more'],
  async handler({ db, body, caller, actor, ip }) {
    const { client_id: id, client_name: name, first_party: firstParty, verified, ...metadata } = body
    requireMayGrant(caller, adminScopesIn(metadata.scope))
    if (firstParty === true || mayHaveStreams(metadata.scope)) requireGrant(caller)
    const created = await createClient(db, { id, name, firstParty, verified, metadata }, { actor, ip })
    if (!created.ok && created.reason === 'id_taken') throw new AdminProblem('client_id_taken')
    if (!created.ok) throw invalidMetadata(created.problems)
    const shown = showClient(created.client)
    return {
      body: { ...shown, ...(created.secret !== null && { client_secret: created.secret }) },
      headers: { ETag: etagOf(shown), Location: `/v1/clients/${encodeURIComponent(created.client.id)}` },
    }
  },
})

// Each field of the metadata: left out it stays, null takes it away. Defaults belong to making a client, not to changing one.
const patchSchema: z.ZodObject<Record<string, z.ZodType>> = z
  .strictObject({
    client_name: clientName.optional(),
    first_party: z.boolean().optional(),
    verified: z.boolean().optional(),
    ...Object.fromEntries(
      Object.entries<z.ZodType>(clientMetadataSchema.shape).map(([name, field]) => [
        name,
        (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : field).nullable().optional(),
      ]),
    ),
  })
  .meta({ id: 'ClientPatch' })

/** Whoever can change one of these can be the client, or make it more than it is. */
const power = [
  'scope',
  'redirect_uris',
  'grant_types',
  'token_endpoint_auth_method',
  'application_type',
  'jwks',
  'jwks_uri',
  'first_party',
]

export const patch = route({
  method: 'PATCH',
  path: '/clients/:id',
  operationId: 'updateClient',
  tag: 'Clients',
  summary: 'Change a client',
  description: `A merge patch (RFC 7396): what is left out stays, null takes a field away; the result is checked as a whole. What the client holds already stays: end it with \`POST /v1/clients/{id}/revoke\`. A client that comes to need a secret gets one, shown this once. ${grantsPower} Your own client's credentials and reach are for others to change.`,
  scope: 'clients:write',
  params: idParams,
  body: patchSchema,
  example: { client_name: 'Shop of Ada', backchannel_logout_uri: null },
  ifMatch: true,
  success: {
    status: 200,
    description: 'The client as it is now',
    schema: clientWithSecretSchema,
    example: clientExample,
  },
  problems: ['not_found', 'built_in', 'own_client', 'target_holds_more'],
  async handler(call) {
    const { db, caller, actor, ip, params, body } = call
    const touchesPower = Object.keys(body).some((field) => power.includes(field))
    const before = await actOnClient(call, { touchesPower })
    call.requireMatch(showClient(before))
    // Nobody is asked what such a client may do: who sends its answers elsewhere reaches everybody.
    const opens = body['first_party'] === true && !before.firstParty
    const steers = before.firstParty && touchesPower && body['first_party'] !== false
    if (opens || steers || mayHaveStreams(body['scope'])) requireGrant(caller)
    const had = new Set(adminScopesIn(before.metadata.scope))
    if ('scope' in body)
      requireMayGrant(
        caller,
        adminScopesIn(body['scope']).filter((scope) => !had.has(scope)),
      )
    const updated = await updateClient(db, params.id, body, { actor, ip })
    if (!updated.ok)
      throw updated.reason === 'invalid'
        ? invalidMetadata(updated.problems)
        : new AdminProblem(updated.reason)
    const shown = showClient(updated.client)
    const secret = updated.secret === null ? {} : { client_secret: updated.secret }
    return { body: { ...shown, ...secret }, headers: { ETag: etagOf(shown) } }
  },
})
