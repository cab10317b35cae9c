import { z } from 'zod'
import { listSigningKeys, retireSigningKey, rotateSigningKey } from '../../oidc/index.ts'
import { onePage } from '../frame/page.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { algSchema, showSigningKey, signingKeyExample, signingKeySchema } from './representation.ts'

const list = route({
  method: 'GET',
  path: '/signing-keys',
  operationId: 'listSigningKeys',
  tag: 'Signing keys',
  summary: 'List signing keys',
  description: 'All there ever were, the newest first, by their public parts.',
  scope: 'keys:read',
  paged: true,
  success: {
    status: 200,
    description: 'One page of signing keys',
    schema: z.array(signingKeySchema),
    example: [signingKeyExample],
  },
  async handler({ db, page: { after, limit } }) {
    const keys = await listSigningKeys(db)
    const from = keys.findIndex(({ kid }) => kid === after) + 1
    const { rows, next } = onePage(keys.slice(from, from + limit + 1), limit, ({ kid }) => kid)
    return { body: rows.map(showSigningKey), next }
  },
})

const read = route({
  method: 'GET',
  path: '/signing-keys/:id',
  operationId: 'getSigningKey',
  tag: 'Signing keys',
  summary: 'Get a signing key',
  scope: 'keys:read',
  params: idParams,
  success: {
    status: 200,
    description: 'The public part of the key',
    schema: signingKeySchema,
    example: signingKeyExample,
  },
  problems: ['not_found'],
  async handler({ db, params }) {
    const key = (await listSigningKeys(db)).find(({ kid }) => kid === params.id)
    if (!key) throw new AdminProblem('not_found')
    return { body: showSigningKey(key) }
  },
})

const rotate = route({
  method: 'POST',
  path: '/signing-keys/rotate',
  operationId: 'rotateSigningKey',
  tag: 'Signing keys',
  summary: 'Replace the signing key of an algorithm',
  description:
    'The new key is published at once and signs ten minutes later, when instances and clients have read it. The old one then only verifies, and leaves when the last thing it signed has ended. `immediately` is for emergencies: fifteen seconds instead of ten minutes, which also brings forward a key that is announced already; clients that keep our keys for longer refuse what it signs until they read them again.',
  scope: 'keys:rotate',
  body: z.strictObject({ alg: algSchema, immediately: z.boolean().default(false) }).meta({ id: 'RotateKey' }),
  example: { alg: 'ES256' },
  success: {
    status: 201,
    description: 'The key that will sign, at Location',
    schema: signingKeySchema,
    example: signingKeyExample,
  },
  problems: ['rotation_under_way'],
  async handler({ db, deps, body, actor, ip }) {
    const { sealer, signedSeconds } = deps
    const input = { alg: body.alg, hurry: body.immediately, signedSeconds }
    const rotated = await rotateSigningKey(db, sealer, input, { actor, ip })
    if (!rotated.ok) throw new AdminProblem('rotation_under_way')
    const { kid } = rotated.key
    return { body: showSigningKey(rotated.key), headers: { Location: `/v1/signing-keys/${kid}` } }
  },
})

const retire = route({
  method: 'POST',
  path: '/signing-keys/:id/retire',
  operationId: 'retireSigningKey',
  tag: 'Signing keys',
  summary: 'Take a signing key out of use at once',
  description:
    'For a key that is no longer secret. Within seconds no instance publishes it, so nothing it signed verifies any more, and its private part is erased. Where it is the one that signs, an announced key takes over now, or with `replace` a new one; otherwise it stays. Retiring an announced key calls its rotation off. To end the JWT access tokens it signed at APIs that keep our keys, revoke by key as well.',
  scope: 'keys:rotate',
  params: idParams,
  body: z
    .strictObject({
      reason: z.string().min(1).max(200).optional(),
      replace: z.boolean().default(false).meta({ description: 'Make a new key to sign in its place.' }),
    })
    .meta({ id: 'RetireKey' }),
  bodyOptional: true,
  example: { reason: 'its backup was lost', replace: true },
  success: {
    status: 200,
    description: 'The key as it is now',
    schema: signingKeySchema,
    example: { ...signingKeyExample, state: 'retired', retired_at: '2026-11-21T09:31:00.000Z' },
  },
  problems: ['not_found', 'last_signing_key'],
  async handler({ db, deps, params, body, actor, ip }) {
    const input = { kid: params.id, replace: body.replace, reason: body.reason ?? 'retired' }
    const retired = await retireSigningKey(db, deps.sealer, input, { actor, ip })
    if (!retired.ok)
      throw new AdminProblem(retired.reason === 'last_active' ? 'last_signing_key' : 'not_found')
    return { body: showSigningKey(retired.key) }
  },
})

export const signingKeyRoutes: readonly Route[] = [list, read, rotate, retire]
