import type { Context } from 'koa'
import type { By } from '../../audit/index.ts'
import { SIGNALS_API } from '../../clients/index.ts'
import type { Database } from '../../db/index.ts'
import { readBearer } from '../../oidc/index.ts'
import type { Bearer } from '../../oidc/index.ts'
import type { Reply } from './reply.ts'

/** Whose token it is, as a client that looks after its streams has one. */
export type Receiver = { clientId: string; userId: string | null; by: By }

/** Who may do this; or what they are answered, somebody we know who may not, and a stranger. */
export type Known =
  | { ok: true; receiver: Receiver }
  | { ok: false; receiver: Receiver; reply: Reply }
  | { ok: false; receiver: null; reply: Reply }

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
    const reply = refusal(401, 'invalid_token', 'the caller is not known here', `${challenge}${error}`)
    return { ok: false, receiver: null, reply }
  }
  const receiver = receiverOf(ctx, bearer)
  const held = bearer.scopes.filter((scope) => bearer.clientScopes.includes(scope))
  if (bearer.userId === null && scopes.some((scope) => held.includes(scope))) return { ok: true, receiver }
  const needed = scopes.at(-1) ?? ''
  const reply = refusal(
    403,
    'insufficient_scope',
    `it takes a client's own token with the scope ${scopes.join(' or ')}`,
    `${challenge}, error="insufficient_scope", scope="${needed}"`,
  )
  return { ok: false, receiver, reply: { ...reply, denied: { reason: 'insufficient_scope' } } }
}

function receiverOf(ctx: Context, { clientId, userId, handle }: Bearer): Receiver {
  const { ip, requestId } = ctx.state
  const actor = { via: 'client' as const, clientId, userId: userId ?? undefined, token: handle, requestId }
  return { clientId, userId, by: { ip, actor } }
}

function refusal(status: number, error: string, description: string, challenge: string): Reply {
  const headers = { 'WWW-Authenticate': challenge }
  return { status, headers, body: { error, error_description: description } }
}
