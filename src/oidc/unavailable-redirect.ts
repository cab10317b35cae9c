import type { Context } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'

/**
 * Tells a client, by redirect, that its authorization request could not be kept: `temporarily_unavailable` with `state` and `iss` (RFC 6749
 * section 4.1.2.1, RFC 9207). A silent request in a hidden frame would never hear of a page. False where that must not be: another endpoint,
 * an address that is not the client's, an answer that was to be posted, and at the end of a sign-in, where loading the page again hands
 * out the code; then it is for the page.
 */
export function redirectUnavailable(ctx: Context, error: Error): boolean {
  const { oidc } = ctx as unknown as KoaContextWithOIDC
  if (oidc.route !== 'authorization') return false
  const { redirect_uri: uri, state, response_mode: mode = 'query' } = oidc.params ?? {}
  if (typeof uri !== 'string' || mode !== 'query' || oidc.client?.redirectUriAllowed(uri) !== true)
    return false
  const answer = new URL(uri)
  answer.searchParams.set('error', error.message)
  if (typeof state === 'string') answer.searchParams.set('state', state)
  answer.searchParams.set('iss', oidc.provider.issuer)
  ctx.status = 303
  ctx.redirect(answer.href)
  return true
}
