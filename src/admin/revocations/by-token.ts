import { z } from 'zod'
import { digestOfHandle, tokenDigest } from '../../oidc/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { invalidContent } from '../frame/validate.ts'
import { how, make, success } from './make.ts'

const body = z
  .strictObject({
    handle: z.string().max(100).optional().meta({ description: 'The handle of the token: `tok_…`.' }),
    token: z
      .string()
      .min(1)
      .max(8192)
      .optional()
      .meta({ description: 'Or its value, opaque or JWT. It is not kept and not repeated.' }),
    ...how,
  })
  .meta({ id: 'RevokeToken' })

export const revokeToken = route({
  method: 'POST',
  path: '/tokens/revoke',
  operationId: 'revokeToken',
  tag: 'Revocations',
  summary: 'End a token, and with it the grant that it hangs from',
  description:
    "As RFC 7009 has it for clients: whoever lost one token of a grant may have lost the others. A client's own token ends alone.",
  scope: 'tokens:revoke',
  body,
  example: { handle: 'tok_7DlUeVgSZTEiQqCyJ1u0Yb5KNL0bZ4vQh0m1yS4xP1I', reason: 'found in a log' },
  success,
  problems: ['not_found', 'target_holds_more'],
  async handler(call) {
    const { handle, token } = call.body
    if ((handle === undefined) === (token === undefined))
      throw invalidContent([{ pointer: '/handle', detail: 'give either a handle or a token' }])
    const digest = token === undefined ? digestOfHandle(handle ?? '') : tokenDigest(token)
    const row =
      digest &&
      (await call.db.token.findFirst({ where: { digest: new Uint8Array(digest) }, select: { kind: true } }))
    if (!digest || !row) throw new AdminProblem('not_found')
    return make(call, { token: digest })
  },
})
