import type { Context, Middleware } from 'koa'
import type { Provider } from 'oidc-provider'
import { record } from '../../audit/index.ts'
import type { By } from '../../audit/index.ts'
import type { Database } from '../../db/index.ts'
import { readBytes } from '../../http/index.ts'
import { revoke } from '../revocation/revoke.ts'
import { readCaller } from './caller.ts'
import type { Caller } from './caller.ts'
import { findSubject, readSubject } from './subject.ts'

export const GLOBAL_TOKEN_REVOCATION = '/global-token-revocation'

/** The one scope that leads here, and nowhere else (section 7.1). */
const SCOPE = 'global:revoke'
const MAX_BYTES = 8 * 1024

type Deps = { issuer: string; database: Database; provider: () => Pick<Provider, 'Client'> }
type Refusal = { status: number; error: string; description: string; challenge?: string }

/**
 * Global Token Revocation (draft-parecki-oauth-global-token-revocation-06): a security tool or an identity provider names a user by
 * an RFC 9493 subject identifier, and everything of theirs ends before the 204: `revoke` with that user, as from anywhere else.
 * Nobody learns who is known here without the right to end their access (section 7.2), and whoever asks is written down.
 */
export function globalTokenRevocation(deps: Deps): Middleware {
  return async function globalTokenRevocation(ctx, next) {
    if (ctx.path !== GLOBAL_TOKEN_REVOCATION || ctx.method !== 'POST') {
      await next()
      return
    }
    const refusal = await answer(deps, ctx)
    ctx.status = refusal?.status ?? 204
    if (!refusal) return
    if (refusal.challenge !== undefined) ctx.set('WWW-Authenticate', refusal.challenge)
    ctx.body = { error: refusal.error, error_description: refusal.description }
  }
}

/** Does what is asked, or says why not. */
async function answer(deps: Deps, ctx: Context): Promise<Refusal | null> {
  const { issuer, database } = deps
  // First, so that nobody is listened to for longer than it takes to know that it is too much.
  const body = await readBytes(ctx.req, MAX_BYTES)
  const authorization = ctx.get('Authorization')
  const caller = await readCaller(deps, authorization, `${issuer}${GLOBAL_TOKEN_REVOCATION}`)
  if (!caller) return unknownCaller(issuer, authorization)
  const by = byCaller(ctx, caller)
  if (!caller.scopes.has(SCOPE)) {
    await recordRefusal(database, by, { reason: 'insufficient_scope' })
    return lacksScope(issuer)
  }
  if (!/^application\/json *(; *charset="?utf-8"?)?$/i.test(ctx.get('Content-Type')))
    return { status: 415, error: 'invalid_request', description: 'the request must be application/json' }
  const subject = readSubject(body)
  if (!subject)
    return {
      ...{ status: 400, error: 'invalid_request' },
      description: 'sub_id must be a subject identifier of the format email, iss_sub or opaque',
    }
  const isKnown = await database.transaction(async (tx) => {
    const userId = await findSubject(tx, issuer, subject)
    if (userId !== null) await revoke(tx, { userId }, { reason: 'global_token_revocation', ...by })
    return userId !== null
  })
  if (isKnown) return null
  await recordRefusal(database, by, { reason: 'unknown_subject', format: subject.format })
  return { status: 404, error: 'not_found', description: 'there is no such user' }
}

function unknownCaller(issuer: string, authorization: string): Refusal {
  // RFC 6750 section 3.1: who brought nothing did nothing wrong.
  const error = authorization === '' ? '' : ', error="invalid_token"'
  return {
    ...{ status: 401, error: 'invalid_token', description: 'the caller is not known here' },
    challenge: `Bearer realm="${issuer}"${error}`,
  }
}

function lacksScope(issuer: string): Refusal {
  return {
    ...{ status: 403, error: 'insufficient_scope', description: `it takes a client with the scope ${SCOPE}` },
    challenge: `Bearer realm="${issuer}", error="insufficient_scope", scope="${SCOPE}"`,
  }
}

function byCaller(ctx: Context, { clientId, userId, token }: Caller): By {
  const { ip, requestId } = ctx.state as { ip?: string; requestId?: string }
  return { ip, actor: { via: 'security_tool', clientId, userId: userId ?? undefined, token, requestId } }
}

async function recordRefusal(
  { prisma }: Database,
  by: By,
  detail: { reason: 'insufficient_scope' | 'unknown_subject'; format?: string },
): Promise<void> {
  await record(prisma, { type: 'global_revocation.refused', ...by, detail })
}
