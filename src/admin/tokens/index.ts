import { z } from 'zod'
import { digestOfHandle, findToken, listTokens, lookUpToken } from '../../oidc/index.ts'
import type { TokensOf } from '../../oidc/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { showToken, tokenExample, tokenSchema } from './representation.ts'

const list = route({
  method: 'GET',
  path: '/tokens',
  operationId: 'listTokens',
  tag: 'Tokens',
  summary: 'List tokens by their handles',
  description:
    "Tokens and codes in force: a user's, a client's, those of this client for this user, or a grant's. One of the three is needed.",
  scope: 'tokens:read',
  query: z.strictObject({
    user_id: z.uuid().optional(),
    client_id: z.string().min(1).max(200).optional(),
    grant_id: z.string().min(1).max(200).optional(),
  }),
  paged: true,
  success: {
    status: 200,
    description: 'One page of tokens',
    schema: z.array(tokenSchema),
    example: [tokenExample],
  },
  async handler({ db, query, page }) {
    const { tokens, next } = await listTokens(db, whoseOf(query), page)
    return { body: tokens.map(showToken), next }
  },
})

const read = route({
  method: 'GET',
  path: '/tokens/:id',
  operationId: 'getToken',
  tag: 'Tokens',
  summary: 'Get a token by its handle',
  scope: 'tokens:read',
  params: idParams,
  success: { status: 200, description: 'The token', schema: tokenSchema, example: tokenExample },
  problems: ['not_found'],
  async handler({ db, params }) {
    const digest = digestOfHandle(params.id)
    const token = digest && (await findToken(db, digest))
    if (!token) throw new AdminProblem('not_found')
    return { body: showToken(token) }
  },
})

const lookup = route({
  method: 'POST',
  path: '/tokens/lookup',
  operationId: 'lookUpToken',
  tag: 'Tokens',
  summary: 'Find out what a token is',
  description:
    'For somebody who has found one: an access or refresh token, a code, or a JWT access token, in force or not. The value is neither kept nor logged nor answered.',
  scope: 'tokens:read',
  readOnly: true,
  body: z.strictObject({ token: z.string().min(1).max(8192) }).meta({ id: 'TokenLookup' }),
  example: { token: 'p4wBcy1ZmP8kxW0aSg7uE5hJtQ2vRnL9oDfYiC3eKsM' },
  success: {
    status: 200,
    description: 'The token, by its handle',
    schema: tokenSchema,
    example: tokenExample,
  },
  problems: ['not_found'],
  async handler({ db, body }) {
    const token = await lookUpToken(db, body.token)
    if (!token) throw new AdminProblem('not_found')
    return { body: showToken(token) }
  },
})

export const tokenRoutes: readonly Route[] = [list, read, lookup]

type Filters = {
  user_id?: string | undefined
  client_id?: string | undefined
  grant_id?: string | undefined
}

function whoseOf({ user_id: userId, client_id: clientId, grant_id: grantId }: Filters): TokensOf {
  if (grantId !== undefined) {
    if (userId === undefined && clientId === undefined) return { grantId }
    throw refused('grant_id', 'goes with no other filter: a grant is of one user and one client')
  }
  if (userId !== undefined) return { userId, ...(clientId !== undefined && { clientId }) }
  if (clientId !== undefined) return { clientId }
  throw refused('user_id', 'give user_id, client_id or grant_id')
}

function refused(parameter: string, detail: string): AdminProblem {
  return new AdminProblem('invalid_parameter', { errors: [{ parameter, detail }] })
}
