import { z } from 'zod'
import { record } from '../../audit/index.ts'
import { forgetConsents, revoke } from '../../oidc/index.ts'
import { deleteUser, setDisabled, unlockUser } from '../../users/index.ts'
import { tagged } from '../frame/answer.ts'
import { AdminProblem } from '../frame/problem.ts'
import { revokedExample, revokedSchema, showRevoked } from '../frame/receipt.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { actOn, by, targetUser } from './authority.ts'
import { showUser, userExample, userSchema } from './representation.ts'

const always = () => true

export const disable = route({
  method: 'POST',
  path: '/users/:id/disable',
  operationId: 'disableUser',
  tag: 'Users',
  summary: 'Disable a user and end all their access',
  description:
    'One transaction: from the answer on nothing of theirs is accepted anywhere. Asking again is safe. Not for your own account, nor for the last owner.',
  scope: 'users:disable',
  params: idParams,
  body: z.strictObject({ reason: z.string().min(1).max(200).optional() }).meta({ id: 'DisableUser' }),
  bodyOptional: true,
  example: { reason: 'left the company' },
  success: {
    status: 200,
    description: 'The user, and what ended',
    schema: z.strictObject({ user: userSchema, revoked: revokedSchema }),
    example: { user: { ...userExample, status: 'disabled' }, revoked: revokedExample },
  },
  problems: ['not_found', 'target_holds_more', 'last_owner', 'own_account'],
  async handler(call) {
    const { id } = await actOn(call, always)
    await setDisabled(call.db, id, true, by(call))
    const revoked = await revoke(
      call.db,
      { userId: id },
      { reason: call.body.reason ?? 'user_disabled', ...by(call) },
    )
    return { body: { user: showUser(await targetUser(call)), revoked: showRevoked(revoked) } }
  },
})

export const enable = route({
  method: 'POST',
  path: '/users/:id/enable',
  operationId: 'enableUser',
  tag: 'Users',
  summary: 'Enable a user again',
  description: 'What ended stays ended: they sign in anew.',
  scope: 'users:disable',
  params: idParams,
  success: { status: 200, description: 'The user', schema: userSchema, example: userExample },
  problems: ['not_found', 'target_holds_more'],
  async handler(call) {
    const { id } = await actOn(call)
    await setDisabled(call.db, id, false, by(call))
    return tagged(showUser(await targetUser(call)))
  },
})

export const remove = route({
  method: 'DELETE',
  path: '/users/:id',
  operationId: 'deleteUser',
  tag: 'Users',
  summary: 'Delete a user and end all their access',
  description: 'Audit events keep the id. Deleting again is 404.',
  scope: 'users:write',
  params: idParams,
  ifMatch: true,
  success: {
    status: 200,
    description: 'What ended',
    schema: z.strictObject({ revoked: revokedSchema }),
    example: { revoked: revokedExample },
  },
  problems: ['not_found', 'target_holds_more', 'last_owner', 'own_account'],
  async handler(call) {
    const user = await actOn(call, always)
    call.requireMatch(showUser(user))
    const revoked = await revoke(call.db, { userId: user.id }, { reason: 'user_deleted', ...by(call) })
    await forgetConsents(call.db, { userId: user.id })
    await deleteUser(call.db, user.id, by(call))
    return { body: { revoked: showRevoked(revoked) } }
  },
})

export const unlock = route({
  method: 'POST',
  path: '/users/:id/unlock',
  operationId: 'unlockUser',
  tag: 'Users',
  summary: 'Forget failed attempts on a user',
  description: 'Lifts the wait that wrong passwords and codes have brought about.',
  scope: 'users:write',
  params: idParams,
  success: { status: 204, description: 'Nothing stands in the way of the next attempt' },
  problems: ['not_found', 'target_holds_more'],
  async handler(call) {
    const { id } = await actOn(call)
    const counters = await unlockUser(call.db, id)
    if (counters === null) throw new AdminProblem('not_found')
    await record(call.db, { type: 'user.unlocked', userId: id, ...by(call), detail: { counters } })
    return {}
  },
})
