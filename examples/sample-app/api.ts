// The protected sample API: GET /api/orders. It shares nothing with the pages but the process: it trusts a token only
// after asking the issuer about it (RFC 7662), with a client of its own, and answers as RFC 6750 says.
import Router from '@koa/router'
import type { Context, Next } from 'koa'
import * as client from 'openid-client'
import { stepUpChallenge, type Demand } from '../resource-server/step-up.ts'
import { connectLazily, refusalFrom, type Connection } from './issuer.ts'
import type { SampleOptions } from './settings.ts'

const ORDERS = [
  { id: '1042', item: 'Field notebook, dotted', quantity: 2, status: 'delivered' },
  { id: '1057', item: 'Fountain pen, medium nib', quantity: 1, status: 'on its way' },
  { id: '1063', item: 'Ink, blue-black, 50 ml', quantity: 3, status: 'packed' },
]

const INVOICES = [
  { id: 'R-2042', order: '1042', amount: '18.40 €' },
  { id: 'R-2057', order: '1057', amount: '64.00 €' },
]

/** Makes the API's router. */
export function createSampleApi({ issuer, api }: Pick<SampleOptions, 'issuer' | 'api'>): Router {
  const connection = connectLazily(issuer, { id: api.clientId, secret: api.clientSecret })
  const router = new Router({ prefix: '/api' })
  const door = { connection, resource: api.resource, scope: 'orders:read' }
  router.get('/orders', requireToken(door), (ctx) => {
    ctx.body = { orders: ORDERS }
  })
  // Money: two factors, shown within the last five minutes (RFC 9470).
  const strong = { acrValues: api.acrValues, maxAge: 300 }
  router.get('/invoices', requireToken({ ...door, signIn: strong }), (ctx) => {
    ctx.body = { invoices: INVOICES }
  })
  return router
}

interface Door {
  connection: Connection
  /** The audience a token must name: this API and nothing else will do. */
  resource: string
  scope: string
  /** How the token's user must have signed in. */
  signIn?: Demand
}

/** Lets a request pass whose bearer token is active, meant for this API and wide enough. */
function requireToken(door: Door) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const problem = await problemWith(ctx, door)
    if (problem) refuse(ctx, problem)
    else await next()
  }
}

interface Problem {
  status: 400 | 401 | 403 | 503
  error?: string
  error_description?: string
  scope?: string
  acr_values?: string
  max_age?: string
}

/**
 * Judges a request: 400 invalid_request, 401 with or without invalid_token, 403 insufficient_scope (RFC 6750 §3.1),
 * 401 insufficient_user_authentication (RFC 9470), and 503 when the issuer cannot be asked, because not knowing is neither yes nor no. Undefined: let it pass.
 */
async function problemWith(
  ctx: Context,
  { connection, resource, scope, signIn }: Door,
): Promise<Problem | undefined> {
  if (ctx.query['access_token'] !== undefined)
    return {
      status: 400,
      error: 'invalid_request',
      error_description: 'a token does not belong in an address',
    }
  const header = ctx.get('Authorization')
  // RFC 6750 §3.1: a request that carries no token learns the scheme and nothing else.
  if (!/^Bearer(\s|$)/i.test(header)) return { status: 401 }
  const token = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(header)?.[1]
  if (token === undefined)
    return { status: 400, error: 'invalid_request', error_description: 'the token is malformed' }

  const answer = await introspect(connection, token)
  if (answer === undefined) return { status: 503, error: 'temporarily_unavailable' }
  if (!answer.active) return invalidToken('the token is expired, revoked or unknown')
  if (![answer.aud].flat().includes(resource)) return invalidToken('the token is for another audience')
  // A sender-constrained token without a look at its proof would be a bearer token again.
  if (answer.cnf) return invalidToken('this API takes plain bearer tokens only')
  if (!(answer.scope ?? '').split(' ').includes(scope))
    return { status: 403, error: 'insufficient_scope', error_description: `${scope} is needed`, scope }
  const missing = signIn && stepUpChallenge(answer, signIn)
  if (missing) return { status: 401, ...missing }
  return undefined
}

/** Asks the issuer about a token; undefined when it cannot say. */
async function introspect(
  connection: Connection,
  token: string,
): Promise<client.IntrospectionResponse | undefined> {
  try {
    return await client.tokenIntrospection(await connection(), token, { token_type_hint: 'access_token' })
  } catch (error) {
    console.error('Sample API: introspection failed: %j', refusalFrom(error))
    return undefined
  }
}

function invalidToken(error_description: string): Problem {
  return { status: 401, error: 'invalid_token', error_description }
}

function refuse(ctx: Context, { status, ...problem }: Problem) {
  const parameters = Object.entries({ realm: 'sample-api', ...problem })
  ctx.status = status
  if (status === 503) ctx.set('Retry-After', '5')
  else
    ctx.set(
      'WWW-Authenticate',
      `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(', ')}`,
    )
  ctx.body = problem
}
