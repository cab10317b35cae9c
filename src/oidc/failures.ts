import type { IncomingMessage } from 'node:http'
import type { Middleware } from 'koa'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

/** Told of a failure on our side that the engine has answered by itself. */
export type OnFailure = (ctx: KoaContextWithOIDC, error: Error) => void

// What goes wrong behind an endpoint the engine tells under the endpoint's name; a bug, everywhere, as `server_error`.
const events = [
  'server_error',
  'authorization.error',
  'grant.error',
  'device_authorization.error',
  'code_verification.error',
  'device_resume.error',
  'introspection.error',
  'revocation.error',
  'userinfo.error',
  'end_session.error',
  'end_session_confirm.error',
  'end_session_success.error',
] as const

/**
 * The engine answers its failures itself, so no error handler of ours sees them: here they are told to `onFailure`, even if
 * the answer was a redirect. No failure of ours is blamed on the caller's token.
 */
export function tellFailures(provider: Provider, onFailure?: OnFailure): Middleware {
  const failures = new WeakMap<IncomingMessage, Error>()
  const remember = (ctx: KoaContextWithOIDC, error: Error) => {
    if (((error as { statusCode?: number }).statusCode ?? 500) >= 500) failures.set(ctx.req, error)
  }
  for (const event of events) provider.on(event as 'server_error', remember)

  return async function tellFailures(ctx, next) {
    await next()
    const failure = failures.get(ctx.req)
    if (!failure) return
    if (ctx.status >= 500) ctx.remove('WWW-Authenticate')
    onFailure?.(ctx as unknown as KoaContextWithOIDC, failure)
  }
}
