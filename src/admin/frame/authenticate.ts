import type { Context } from 'koa'
import type { Database } from '../../db/index.ts'
import { ACR } from '../../oidc/index.ts'
import { ADMIN_API, callerOf } from './caller.ts'
import type { Bearer, Caller, ReadBearer } from './caller.ts'
import { AdminProblem } from './problem.ts'

const REALM = `Bearer realm="${ADMIN_API}"`

/**
 * Finds out who asks: by `Authorization: Bearer` alone, never by a cookie, a parameter or another scheme. A request that brings no
 * bearer token gets a challenge without an error (RFC 6750 section 3.1).
 */
export async function authenticate(
  { database, readBearer }: { database: Database; readBearer: ReadBearer },
  ctx: Context,
): Promise<Caller> {
  const [, token] = /^bearer +(.*)$/i.exec(ctx.get('Authorization')) ?? []
  if (token === undefined)
    throw new AdminProblem('unauthenticated', {
      headers: { 'WWW-Authenticate': `${REALM}, ${metadata(ctx)}` },
    })
  const bearer = isBearerToken(token) ? await readBearer(database, token, ADMIN_API) : null
  if (!bearer) throw new AdminProblem('invalid_token', { headers: challenge('invalid_token', metadata(ctx)) })
  return callerOf(bearer)
}

/** A person's token must come from a sign-in with a second factor (RFC 9470). */
export function requireSecondFactor({ userId, acr }: Bearer): void {
  if (userId === null || acr === ACR.multiFactor) return
  throw new AdminProblem('insufficient_user_authentication', {
    headers: challenge('insufficient_user_authentication', `acr_values="${ACR.multiFactor}"`),
  })
}

/** The 403 of a token that lacks a scope, with the scope that is missing (RFC 6750 section 3.1). */
export function insufficientScope(scope: string): AdminProblem {
  return new AdminProblem('insufficient_scope', {
    detail: `It needs the scope ${scope}.`,
    headers: challenge('insufficient_scope', `scope="${scope}"`),
  })
}

function challenge(error: string, ...more: string[]): Record<string, string> {
  return { 'WWW-Authenticate': [REALM, `error="${error}"`, ...more].join(', ') }
}

/** Where a client finds out whose token to bring (RFC 9728 section 5.1). The host guard has looked at the name. */
function metadata({ protocol, host }: Context): string {
  return `resource_metadata="${protocol}://${host}/.well-known/oauth-protected-resource"`
}

function isBearerToken(text: string): boolean {
  return text.length <= 4096 && /^[\w.~+/-]+=*$/.test(text)
}
