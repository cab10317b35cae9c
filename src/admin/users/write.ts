import { z } from 'zod'
import { createUser, normaliseEmail, tellUser, updateUser } from '../../users/index.ts'
import type { UserPatch } from '../../users/index.ts'
import { tagged } from '../frame/answer.ts'
import { insufficientScope } from '../frame/authenticate.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { invalidContent } from '../frame/validate.ts'
import { actOn, by, isLess, requireRoleWithin } from './authority.ts'
import { roleSchema, showUser, userExample, userSchema } from './representation.ts'

const email = z.string().min(3).max(320)
const name = z.string().max(200).nullable()

export const create = route({
  method: 'POST',
  path: '/users',
  operationId: 'createUser',
  tag: 'Users',
  summary: 'Create a user',
  description:
    'Without a password: send the invitation of `POST /v1/users/{id}/invite`, with which the user sets one. A role needs the scope `admin:grant` as well, and cannot reach beyond your own.',
  scope: 'users:write',
  body: z
    .strictObject({
      email,
      name: name.optional(),
      email_verified: z.boolean().optional(),
      role: roleSchema.nullable().optional(),
    })
    .meta({ id: 'NewUser' }),
  example: { email: 'ada@example.com', name: 'Ada Example' },
  success: { status: 201, description: 'The user, at Location', schema: userSchema, example: userExample },
  problems: ['email_taken', 'target_holds_more'],
  async handler(call) {
    const { db, body } = call
    if (body.role !== undefined && body.role !== null) requireRoleWithin(call.caller, body.role)
    const { email, name, role, email_verified: emailVerified } = body
    const created = await createUser(db, { email, name, role, emailVerified }, by(call))
    if (!created.ok) throw refusal(created.reason)
    const { body: shown, headers } = tagged(showUser(created.user))
    return { body: shown, headers: { ...headers, Location: `/v1/users/${created.user.id}` } }
  },
})

export const patch = route({
  method: 'PATCH',
  path: '/users/:id',
  operationId: 'updateUser',
  tag: 'Users',
  summary: 'Change a user',
  description:
    'A merge patch (RFC 7396): what is left out stays. A new address needs the scope `users:credentials` as well, because forgotten passwords are answered there; it is unverified unless you say otherwise, and ends a link that waits to set a password. A role needs `admin:grant`. Nobody can choose a password for somebody else: see `POST /v1/users/{id}/password-reset`.',
  scope: 'users:write',
  params: idParams,
  body: z
    .strictObject({
      name: name.optional(),
      email: email.optional(),
      email_verified: z.boolean().optional(),
      role: roleSchema.nullable().optional(),
    })
    .meta({ id: 'UserPatch' }),
  example: { name: 'Ada Lovelace' },
  ifMatch: true,
  success: { status: 200, description: 'The user as it is now', schema: userSchema, example: userExample },
  problems: ['not_found', 'email_taken', 'target_holds_more', 'last_owner', 'own_account'],
  async handler(call) {
    const { db, body, params } = call
    const { role } = body
    const user = await actOn(call, role === undefined ? undefined : (now) => isLess(role, now.role))
    call.requireMatch(showUser(user))
    if (role !== undefined && role !== user.role) requireRoleWithin(call.caller, role)
    const change: UserPatch = { ...body, emailVerified: body.email_verified }
    if (body.email !== undefined && normaliseEmail(body.email) !== user.email) {
      // Forgotten passwords are answered there: whoever chooses the address chooses who gets in.
      if (!call.caller.scopes.has('users:credentials')) throw insufficientScope('users:credentials')
      // And a stolen token would become a stolen account.
      if (call.caller.bearer.userId === user.id) throw new AdminProblem('own_account')
      await tellUser({ tx: db, sealer: call.deps.sealer }, { userId: user.id, what: 'email_changed' })
    }
    const updated = await updateUser(db, params.id, change, by(call))
    if (!updated.ok) throw refusal(updated.reason)
    return tagged(showUser(updated.user))
  },
})

function refusal(reason: 'email_taken' | 'email_invalid' | 'name_invalid' | 'not_found'): AdminProblem {
  if (reason === 'email_taken' || reason === 'not_found') return new AdminProblem(reason)
  if (reason === 'email_invalid')
    return invalidContent([{ pointer: '/email', detail: 'is not an email address' }])
  return invalidContent([{ pointer: '/name', detail: 'cannot be shown' }])
}
