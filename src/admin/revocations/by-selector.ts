import { z } from 'zod'
import { findClient } from '../../clients/index.ts'
import { digestOfHandle, retireSigningKey } from '../../oidc/index.ts'
import type { Selector } from '../../oidc/index.ts'
import { findUser } from '../../users/index.ts'
import { insufficientScope } from '../frame/authenticate.ts'
import { route } from '../frame/route.ts'
import type { Call } from '../frame/route.ts'
import { invalidContent } from '../frame/validate.ts'
import { how, make, success } from './make.ts'
import { coveredSchema } from './representation.ts'

const body = z.strictObject({ ...coveredSchema.shape, ...how }).meta({ id: 'NewRevocation' })
type Body = z.output<typeof body>

export const revokeSelected = route({
  method: 'POST',
  path: '/revocations',
  operationId: 'revoke',
  tag: 'Revocations',
  summary: 'End access by a selector',
  description:
    'One of: `user_id`, `client_id`, both together (that client for that user), `session_id`, `grant_id`, `token` (a handle), `signing_key` (every JWT access token signed with it; the key is taken out of use at once, which needs `keys:rotate` too), `everything`. `issued_before` leaves what goes back to a later instant; it goes with users, clients and everything. Everything, and a client that is part of Cardea, need `admin:grant` too; nobody ends the access of somebody who holds more.',
  scope: 'revocations:write',
  body,
  example: {
    user_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
    client_id: 'shop',
    reason: 'the shop was broken into',
  },
  success,
  problems: ['target_holds_more'],
  async handler(call) {
    const selector = await selectorOf(call)
    if ('signingKey' in selector && !call.body.dry_run) await takeKeyOut(call, selector.signingKey)
    return make(call, selector)
  },
})

/**
 * Who has the key can make tokens that we know nothing of: it is published no more, and another one signs. That is what makes the
 * end of its tokens final.
 */
async function takeKeyOut(
  { db, deps, caller, actor, ip, body: asked }: Call<unknown, unknown, Body>,
  kid: string,
) {
  if (!caller.scopes.has('keys:rotate')) throw insufficientScope('keys:rotate')
  await retireSigningKey(db, deps.sealer, { kid, replace: true, reason: asked.reason }, { actor, ip })
}

async function selectorOf({
  body: asked,
  db,
}: Pick<Call<unknown, unknown, Body>, 'body' | 'db'>): Promise<Selector> {
  const { user_id, client_id, session_id, grant_id, token, signing_key, everything } = asked
  const before = asked.issued_before === undefined ? {} : { issuedBefore: new Date(asked.issued_before) }
  const kinds = [user_id ?? client_id, session_id, grant_id, token, signing_key, everything]
  if (kinds.filter((kind) => kind !== undefined).length !== 1)
    throw invalidContent([{ pointer: '', detail: 'say one thing that is to end: see the description' }])
  if (user_id !== undefined && !(await findUser(db, user_id))) throw unknown('/user_id')
  if (client_id !== undefined && !(await findClient(db, client_id))) throw unknown('/client_id')
  if (user_id !== undefined)
    return { userId: user_id, ...(client_id === undefined ? {} : { clientId: client_id }), ...before }
  if (client_id !== undefined) return { clientId: client_id, ...before }
  if (everything) return { everything, ...before }
  if ('issuedBefore' in before)
    throw invalidContent([{ pointer: '/issued_before', detail: 'goes with users, clients and everything' }])
  return named(asked, db)
}

/** A session, grant, token or key, which must be there (or have been). */
async function named(asked: Body, db: Call['db']): Promise<Selector> {
  const { session_id, grant_id, token, signing_key } = asked
  if (session_id !== undefined) {
    if (!(await db.session.findUnique({ where: { uid: session_id } }))) throw unknown('/session_id')
    return { sessionUid: session_id }
  }
  if (grant_id !== undefined) {
    if (!(await db.grant.findUnique({ where: { id: grant_id } }))) throw unknown('/grant_id')
    return { grantId: grant_id }
  }
  if (token !== undefined) {
    const digest = digestOfHandle(token)
    const row = digest && (await db.token.findFirst({ where: { digest: new Uint8Array(digest) } }))
    if (!digest || !row) throw unknown('/token')
    return { token: digest }
  }
  const kid = signing_key ?? ''
  if (!(await db.signingKey.findUnique({ where: { kid } }))) throw unknown('/signing_key')
  return { signingKey: kid }
}

function unknown(pointer: string) {
  return invalidContent([{ pointer, detail: 'there is none with this id' }])
}
