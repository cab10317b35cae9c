import type { Context, Middleware } from 'koa'
import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import type { JWK, JWTPayload } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { kidOf } from './id-token-hint.ts'
import { JWT_ALG } from './jwt-access-token.ts'
import type { EngineOptions } from './options.ts'
import { idDigest, JWT_KIND } from './store/rows.ts'
import type { StoredToken } from './store/reads.ts'
import { addWrite, unitOfWork } from './store/unit-of-work.ts'
import type { UnitOfWork } from './store/unit-of-work.ts'
import { mayIntrospect, mayRevoke } from './token-owner.ts'

/**
 * Introspection and revocation of JWT access tokens, which the engine refuses (RFC 7662, RFC 7009). It does so after it has
 * authenticated the client; in the place of its refusal comes the answer that an opaque token gets: the signature must be
 * ours, and the token's row, grant, session, user and clients are asked as for any other. A JWT that is not an access token of
 * ours is like an unknown one; of a key that we do not know yet, another instance may (FT-24).
 */
export function answerStructuredTokens({
  issuer,
  signingKeys,
  keys,
}: Pick<EngineOptions, 'issuer' | 'signingKeys' | 'keys'>): Middleware {
  const known = keySet(signingKeys)

  return async function answerStructuredTokens(ctx, next) {
    await next()
    if (!isRefused(ctx)) return
    const engine = ctx as unknown as KoaContextWithOIDC
    const work = unitOfWork(ctx)
    if (!work) throw new Error('a token was looked at outside of a request')
    const token = await find(work, String(engine.oidc.params?.['token']))
    if (engine.oidc.route === 'introspection') await introspect(ctx, engine, token)
    else revoke(ctx, engine, work, token)
  }

  async function find(work: UnitOfWork, token: string): Promise<Living | null> {
    const claims = await verify(token)
    if (typeof claims?.jti !== 'string') return null
    const digest = idDigest(claims.jti)
    const row = work.tokens.get(`${JWT_KIND}:${digest.toString('base64url')}`)
    // A cut or an end of anything it rests on has no row here, or no ground (store/reads.ts).
    return row && isAlive(work, row) ? { digest, claims, basis: row.payload as Basis } : null
  }

  async function verify(token: string): Promise<JWTPayload | null> {
    const kid = kidOf(token)
    if (kid !== null) await keys.learn(kid)
    const current = keys.current()
    const published = current === signingKeys ? known : keySet(current)
    try {
      const { payload } = await jwtVerify(token, published, { issuer, typ: 'at+jwt', algorithms: [JWT_ALG] })
      return payload
    } catch (error) {
      if (error instanceof errors.JOSEError) return null
      throw error
    }
  }
}

/** What a JWT access token's row keeps of it (jwt-access-token.ts). */
type Basis = {
  kind: 'AccessToken' | 'ClientCredentials'
  clientId: string
  aud: string
  accountId?: string
  grantId?: string
  sessionUid?: string
  expiresWithSession?: boolean
  sid?: string
  extra?: Record<string, unknown>
}
type Living = { digest: Buffer; claims: JWTPayload; basis: Basis }

/** The engine's answer to anything that looks like a JWT; nothing else has this code, and only an authenticated client gets it. */
function isRefused(ctx: Context): boolean {
  const body = ctx.body as { error?: unknown } | null | undefined
  return ctx.status === 400 && typeof body === 'object' && body?.error === 'unsupported_token_type'
}

/** The engine's own conditions for an opaque token: in time, under a living grant of its own, in its session if bound to one. */
function isAlive(work: UnitOfWork, { payload, expiresAt }: StoredToken): boolean {
  const { clientId, accountId, grantId, sessionUid, expiresWithSession } = payload as Basis
  const isOver = (end: Date | null | undefined) => end != null && +end <= Date.now()
  if (isOver(expiresAt)) return false
  if (grantId === undefined) return accountId === undefined
  const grant = work.grants.get(grantId)
  if (!grant || isOver(grant.expiresAt)) return false
  if (grant.payload.clientId !== clientId || grant.payload.accountId !== accountId) return false
  if (!expiresWithSession) return true
  const session = work.sessionsByUid.get(sessionUid ?? '')
  if (!session || isOver(session.expiresAt) || session.payload.accountId !== accountId) return false
  return session.payload.authorizations?.[clientId]?.grantId === grantId
}

async function introspect(ctx: Context, engine: KoaContextWithOIDC, token: Living | null): Promise<void> {
  ctx.status = 200
  ctx.body = { active: false }
  const { client } = engine.oidc
  if (!token || !client || !(await mayIntrospect(engine, client, token.basis))) return
  const { claims, basis } = token
  const { exp, iat, jti, aud, scope, iss } = claims
  ctx.body = {
    active: true,
    ...(basis.accountId === undefined ? {} : { sub: basis.accountId }),
    ...basis.extra,
    client_id: basis.clientId,
    ...{ exp, iat, sid: basis.sid, iss, jti, aud, scope },
    token_type: 'Bearer',
  }
}

/** RFC 7009 section 2.1: with a user's token goes what was issued under the same grant; a client's own goes alone. */
function revoke(ctx: Context, engine: KoaContextWithOIDC, work: UnitOfWork, token: Living | null): void {
  ctx.status = 200
  ctx.remove('Content-Type')
  ctx.body = ''
  const { client } = engine.oidc
  if (!token || !client || !mayRevoke(engine, client, token.basis)) return
  const { grantId } = token.basis
  if (grantId === undefined) addWrite(work, { do: 'revoke_jwt', digest: token.digest })
  else addWrite(work, { do: 'revoke_grant', grantId })
}

function keySet(keys: readonly JWK[]) {
  return createLocalJWKSet({ keys: keys.filter(({ alg }) => alg === JWT_ALG).map(publicPart) })
}

function publicPart({ kty, crv, x, y, kid, alg, use }: JWK): JWK {
  return { kty, crv, x, y, kid, alg, use } as JWK
}
