import { z } from 'zod'
import { findGrant, listGrants } from '../../oidc/index.ts'
import type { ListedGrant } from '../../oidc/index.ts'
import { onePage } from '../frame/page.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Route } from '../frame/route.ts'
import { idParams, instant } from '../frame/schema.ts'

const grantSchema = z
  .strictObject({
    grant_id: z.string(),
    user_id: z.uuid(),
    client_id: z.string(),
    active: z.boolean().meta({ description: 'Whether anything under it is accepted right now.' }),
    scopes: z.array(z.string()).meta({ description: 'Of OpenID Connect.' }),
    resources: z.record(z.string(), z.array(z.string())).meta({ description: 'By resource server.' }),
    created_at: instant,
    expires_at: instant.nullable(),
    revoked_at: instant.nullable(),
  })
  .meta({ id: 'Grant' })

function showGrant(grant: ListedGrant): z.output<typeof grantSchema> {
  const { id, userId, clientId, active, scopes, resources, createdAt, expiresAt, revokedAt } = grant
  return {
    ...{ grant_id: id, user_id: userId, client_id: clientId, active, scopes, resources },
    created_at: createdAt.toISOString(),
    expires_at: expiresAt?.toISOString() ?? null,
    revoked_at: revokedAt?.toISOString() ?? null,
  }
}

const example = {
  grant_id: 'vAXyQ2dD0m3yGqk8rZ5b1lJcT6fWn9sHhE4uPo7iKxM',
  user_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
  client_id: 'shop',
  active: true,
  scopes: ['openid', 'offline_access'],
  resources: { 'https://api.shop.example/': ['orders:read'] },
  created_at: '2026-11-21T09:30:00.000Z',
  expires_at: '2027-02-20T09:30:00.000Z',
  revoked_at: null,
}

const list = route({
  method: 'GET',
  path: '/grants',
  operationId: 'listGrants',
  tag: 'Grants',
  summary: 'List what users allowed which client',
  description: 'Those in force, of a user, a client, this client at this user, or all.',
  scope: 'grants:read',
  query: z.strictObject({
    user_id: z.uuid().optional(),
    client_id: z.string().min(1).max(200).optional(),
  }),
  paged: true,
  success: {
    status: 200,
    description: 'One page of grants',
    schema: z.array(grantSchema),
    example: [example],
  },
  async handler({ db, query: { user_id: userId, client_id: clientId }, page: { after, limit } }) {
    const found = await listGrants(db, { userId, clientId, after, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, ({ id }) => id)
    return { body: rows.map(showGrant), next }
  },
})

const read = route({
  method: 'GET',
  path: '/grants/:id',
  operationId: 'getGrant',
  tag: 'Grants',
  summary: 'Get a grant',
  description: 'One that ended is shown until it would have expired.',
  scope: 'grants:read',
  params: idParams,
  success: { status: 200, description: 'The grant', schema: grantSchema, example },
  problems: ['not_found'],
  async handler({ db, params }) {
    const grant = await findGrant(db, params.id)
    if (!grant) throw new AdminProblem('not_found')
    return { body: showGrant(grant) }
  },
})

export const grantRoutes: readonly Route[] = [list, read]
