import type { Context } from 'koa'
import type { By } from '../../audit/index.ts'
import { SIGNALS_API } from '../../clients/index.ts'
import type { Database } from '../../db/index.ts'
import { readBearer } from '../../oidc/index.ts'
import type { Reply } from './reply.ts'

/** A client that looks after its streams, and what it may do now. */
export type Receiver = { clientId: string; by: By }

/** Or what they are answered. */
export type Known = { ok: true; receiver: Receiver } | { ok: false; reply: Reply }

/**
 * Who asks: by `Authorization: Bearer` alone, with an access token of its own for this API, and with one of these scopes, which it must still
 * be registered for (CAEP Interoperability Profile section 2.7.3, RFC 6750). What is not known or not enough gets RFC 6750's answers.
 */
export async function readReceiver(
  { database, issuer }: { database: Database; issuer: string },
  ctx: Context,
  scopes: readonly string[],
): Promise<Known> {
  const authorization = ctx.get('Authorization')
  const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(authorization) ?? []
  const bearer = token === undefined ? null : await readBearer(database, token, SIGNALS_API)
  const challenge = `Bearer realm="${issuer}"`
  if (!bearer) {
    // RFC 6750 section 3.1: who brought nothing did nothing wrong.
    const error = authorization === '' ? '' : ', error="invalid_token"'
    return refused(401, 'invalid_token', 'the caller is not known here', `${challenge}${error}`)
  }
  const held = bearer.scopes.filter((scope) => bearer.clientScopes.includes(scope))
  if (bearer.userId !== null || !scopes.some((scope) => held.includes(scope))) {
    const needed = scopes.at(-1) ?? ''
    const description = `it takes a client's own token with the scope ${scopes.join(' or ')}`
    return refused(
      403,
      'insufficient_scope',
      description,
      `${challenge}, error="insufficient_scope", scope="${needed}"`,
    )
  }
  const { clientId, handle } = bearer
  const { ip, requestId } = ctx.state
  const actor = { via: 'client' as const, clientId, token: handle, requestId }
  return { ok: true, receiver: { clientId, by: { ip, actor } } }
}

function refused(status: number, error: string, description: string, challenge: string): Known {
  const headers = { 'WWW-Authenticate': challenge }
  return { ok: false, reply: { status, headers, body: { error, error_description: description } } }
}
