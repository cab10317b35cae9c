import { z } from 'zod'
import { deleteClient, setClientDisabled } from '../../clients/index.ts'
import { forgetConsents, revoke } from '../../oidc/index.ts'
import { tagged } from '../frame/answer.ts'
import { AdminProblem } from '../frame/problem.ts'
import { revokedExample, revokedSchema, showRevoked } from '../frame/receipt.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { actOnClient } from './authority.ts'
import { clientExample, clientSchema, showClient } from './representation.ts'

const mine = ['not_found', 'built_in', 'own_client', 'target_holds_more'] as const

export const disable = route({
  method: 'POST',
  path: '/clients/:id/disable',
  operationId: 'disableClient',
  tag: 'Clients',
  summary: 'Disable a client and end all its access',
  description:
    'One transaction: from the answer on neither it nor anything it got is accepted anywhere. Asking again is safe. Not for the client that you call as.',
  scope: 'clients:write',
  params: idParams,
  body: z.strictObject({ reason: z.string().min(1).max(200).optional() }).meta({ id: 'DisableClient' }),
  bodyOptional: true,
  example: { reason: 'its secret was published' },
  success: {
    status: 200,
    description: 'The client, and what ended',
    schema: z.strictObject({ client: clientSchema, revoked: revokedSchema }),
    example: { client: { ...clientExample, status: 'disabled' }, revoked: revokedExample },
  },
  problems: mine,
  async handler(call) {
    const { db, actor, ip, body } = call
    const { id } = await actOnClient(call, { touchesPower: true })
    const set = await setClientDisabled(db, id, true, { actor, ip })
    if (!set.ok) throw new AdminProblem(set.reason)
    const reason = body.reason ?? 'client_disabled'
    const revoked = await revoke(db, { clientId: id }, { reason, actor, ip })
    return { body: { client: showClient(set.client), revoked: showRevoked(revoked) } }
  },
})

export const enable = route({
  method: 'POST',
  path: '/clients/:id/enable',
  operationId: 'enableClient',
  tag: 'Clients',
  summary: 'Enable a client again',
  description: 'What ended stays ended: it asks for tokens anew.',
  scope: 'clients:write',
  params: idParams,
  success: { status: 200, description: 'The client', schema: clientSchema, example: clientExample },
  problems: mine.filter((problem) => problem !== 'own_client'),
  async handler(call) {
    const { db, actor, ip } = call
    const { id } = await actOnClient(call, { touchesPower: false })
    const set = await setClientDisabled(db, id, false, { actor, ip })
    if (!set.ok) throw new AdminProblem(set.reason)
    return tagged(showClient(set.client))
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/clients/:id',
  operationId: 'deleteClient',
  tag: 'Clients',
  summary: 'Delete a client and end all its access',
  description:
    'What users had allowed it is forgotten, and APIs that introspect as it no longer do. Audit events keep the id. Deleting again is 404.',
  scope: 'clients:write',
  params: idParams,
  ifMatch: true,
  success: {
    status: 200,
    description: 'What ended',
    schema: z.strictObject({ revoked: revokedSchema }),
    example: { revoked: revokedExample },
  },
  problems: mine,
  async handler(call) {
    const { db, actor, ip } = call
    const client = await actOnClient(call, { touchesPower: true })
    call.requireMatch(showClient(client))
    const revoked = await revoke(db, { clientId: client.id }, { reason: 'client_deleted', actor, ip })
    await deleteClient(db, client.id, { actor, ip })
    await forgetConsents(db, { clientId: client.id })
    return { body: { revoked: showRevoked(revoked) } }
  },
})
