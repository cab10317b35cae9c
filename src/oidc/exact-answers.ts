import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'

type ErrorBody = { error?: string; error_description?: string }

const clientEndpoints = new Set(['/token', '/introspect', '/revoke', '/device_authorization'])

// RFC 6749 section 5.2: no authentication, an unsupported method or a malformed attempt are all a failed authentication.
const unauthenticated = new Set([
  'no client authentication mechanism provided',
  'client_secret must be provided in the Authorization header',
  'client_id and client_secret in the authorization header are not properly encoded',
  'invalid authorization header value format',
])

const notAllowed = new Set([
  'requested grant type is not allowed for this client',
  'urn:ietf:params:oauth:grant-type:device_code is not allowed for this client',
])

/**
 * Where the engine's answer differs from the letter of the RFC, the letter (TK-02, TK-03, CA-01, CA-04, IN-01). Each case
 * names the engine's words, so that a test notices when an upgrade changes them. `issuer` is the realm of the challenge.
 */
export function answerExactly({ issuer }: { issuer: string }): Middleware {
  return async function answerExactly(ctx, next) {
    const isForPrograms = clientEndpoints.has(ctx.path) || ctx.path === '/userinfo'
    // Section 5.2: errors are JSON, also for HTTP libraries that prefer text/html unless told otherwise.
    if (isForPrograms) ctx.req.headers.accept = 'application/json'
    await next()
    // RFC 7662 section 2.1: a public client has not authenticated, and must not learn even which tokens there are.
    if (ctx.path === '/introspect' && ctx.status < 500 && isPublicClient(ctx)) {
      refuse(ctx)
      return
    }
    const body = ctx.body as ErrorBody | null
    if (ctx.status !== 400 || body?.error !== 'invalid_request' || !clientEndpoints.has(ctx.path)) return
    // Section 5.2: the authenticated client is not authorized to use this grant type.
    if (notAllowed.has(body.error_description ?? '')) ctx.body = { ...body, error: 'unauthorized_client' }
    if (unauthenticated.has(body.error_description ?? '')) refuse(ctx)
  }

  function refuse(ctx: Context): void {
    ctx.status = 401
    const challenge = `Basic realm="${issuer}", error="invalid_client", error_description="client authentication failed"`
    if (ctx.get('Authorization') !== '') ctx.set('WWW-Authenticate', challenge)
    ctx.body = { error: 'invalid_client', error_description: 'client authentication failed' }
  }
}

function isPublicClient(ctx: object): boolean {
  return 'oidc' in ctx && (ctx as KoaContextWithOIDC).oidc.client?.clientAuthMethod === 'none'
}
