import { z } from 'zod'
import { revoke } from '../../oidc/index.ts'
import { factorsOf, resetSecondFactor } from '../../users/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { revokedExample, revokedSchema, showRevoked } from '../frame/receipt.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { actOnOther, by, targetUser } from './authority.ts'

const factorsSchema = z
  .strictObject({
    totp: z.boolean().meta({ description: 'Whether the user has an authenticator.' }),
    passkeys: z.int().min(0).meta({ description: 'How many passkeys the user has.' }),
    recovery_codes: z.int().min(0).meta({ description: 'How many are left. Never shown.' }),
  })
  .meta({ id: 'Factors' })

export const factors = route({
  method: 'GET',
  path: '/users/:id/factors',
  operationId: 'getFactors',
  tag: 'Users',
  summary: "Get a user's second factors",
  scope: 'users:read',
  params: idParams,
  success: {
    status: 200,
    description: 'What they can prove a sign-in with besides the password',
    schema: factorsSchema,
    example: { totp: true, passkeys: 1, recovery_codes: 9 },
  },
  problems: ['not_found'],
  async handler(call) {
    const { id } = await targetUser(call)
    const { totp, passkeys, recoveryCodes } = await factorsOf(call.db, id)
    return { body: { totp, passkeys, recovery_codes: recoveryCodes } }
  },
})

export const resetFactor = route({
  method: 'DELETE',
  path: '/users/:id/factors/:factor',
  operationId: 'resetFactor',
  tag: 'Users',
  summary: 'Reset the second factor of a user who lost it',
  description:
    'Removes every authenticator and passkey with the recovery codes (`all`; `totp` is an older name for it), tells the user by mail and ends all access: the next sign-in sets up another, whatever the policy. Make sure who asks.',
  scope: 'users:credentials',
  params: idParams.extend({ factor: z.string().min(1).max(50).meta({ description: '`all`' }) }),
  success: {
    status: 200,
    description: 'What ended',
    schema: z.strictObject({ revoked: revokedSchema }),
    example: { revoked: revokedExample },
  },
  problems: ['not_found', 'target_holds_more', 'own_account'],
  async handler(call) {
    if (!['all', 'totp'].includes(call.params.factor)) throw new AdminProblem('not_found')
    const { id } = await actOnOther(call)
    const removed = await resetSecondFactor({ tx: call.db, sealer: call.deps.sealer }, id, by(call))
    if (!removed) throw new AdminProblem('not_found')
    const revoked = await revoke(call.db, { userId: id }, { reason: 'totp_reset', ...by(call) })
    return { body: { revoked: showRevoked(revoked) } }
  },
})
