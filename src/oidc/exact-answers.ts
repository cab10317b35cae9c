import type { Middleware } from 'koa'

type ErrorBody = { error?: string; error_description?: string }

/**
 * Where the engine's answer differs from the letter of the RFC, the letter (TK-03, CA-04). Each case names the engine's words,
 * so that a test notices when an upgrade changes them.
 */
export function answerExactly(): Middleware {
  return async function answerExactly(ctx, next) {
    await next()
    const body = ctx.body as ErrorBody | null
    if (ctx.status !== 400 || body?.error !== 'invalid_request') return
    // RFC 6749 section 5.2: the authenticated client is not authorized to use this grant type.
    if (body.error_description === 'requested grant type is not allowed for this client')
      ctx.body = { ...body, error: 'unauthorized_client' }
    // Section 5.2: client authentication failed, and the client tried the Authorization header.
    if (body.error_description === 'client_secret must be provided in the Authorization header') {
      ctx.status = 401
      ctx.set('WWW-Authenticate', 'Basic realm="cardea"')
      ctx.body = { error: 'invalid_client', error_description: 'client authentication failed' }
    }
  }
}
