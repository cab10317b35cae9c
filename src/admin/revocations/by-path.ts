import { findClient } from '../../clients/index.ts'
import { findUser } from '../../users/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { howSchema, make, success } from './make.ts'

const shared = {
  method: 'POST' as const,
  params: idParams,
  body: howSchema,
  success,
  problems: ['not_found', 'target_holds_more'] as const,
  example: { reason: 'laptop stolen' },
}

export const revokeUser: Route = route({
  ...shared,
  path: '/users/:id/revoke',
  operationId: 'revokeUser',
  tag: 'Revocations',
  summary: 'End all access of a user',
  description:
    'Sessions, grants, codes, refresh and access tokens, JWTs, sign-ins under way; relying parties are told. Only a new sign-in gives access again; to prevent that too, disable the user.',
  scope: 'revocations:write',
  async handler(call) {
    const user = await findUser(call.db, call.params.id)
    if (!user) throw new AdminProblem('not_found')
    return make(call, { userId: user.id })
  },
})

export const revokeClient: Route = route({
  ...shared,
  path: '/clients/:id/revoke',
  operationId: 'revokeClient',
  tag: 'Revocations',
  summary: 'End all access of a client, for every user and its own',
  description: 'Users stay signed in here; the client must send them through sign-in again.',
  scope: 'revocations:write',
  async handler(call) {
    const client = await findClient(call.db, call.params.id)
    if (!client) throw new AdminProblem('not_found')
    return make(call, { clientId: client.id })
  },
})

export const revokeGrant: Route = route({
  ...shared,
  path: '/grants/:id/revoke',
  operationId: 'revokeGrant',
  tag: 'Revocations',
  summary: 'End a grant and every token that hangs from it',
  scope: 'grants:revoke',
  async handler(call) {
    const grant = await call.db.grant.findUnique({ where: { id: call.params.id }, select: { id: true } })
    if (!grant) throw new AdminProblem('not_found')
    return make(call, { grantId: grant.id })
  },
})

export const revokeSession: Route = route({
  ...shared,
  path: '/sessions/:id/revoke',
  operationId: 'revokeSession',
  tag: 'Revocations',
  summary: 'End a session and everything that was given in it',
  description: 'Offline access that was given in this session ends too.',
  scope: 'sessions:revoke',
  async handler(call) {
    const session = await call.db.session.findUnique({
      where: { uid: call.params.id },
      select: { uid: true },
    })
    if (!session) throw new AdminProblem('not_found')
    return make(call, { sessionUid: session.uid })
  },
})
