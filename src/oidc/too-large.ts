import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

const events = [
  'grant.error',
  'device_authorization.error',
  'code_verification.error',
  'introspection.error',
  'revocation.error',
  'userinfo.error',
  'end_session_confirm.error',
]

/** So much is read and dropped when it was announced: an honest client hears the answer only once it has sent all. */
const MOST_DISCARDED = 2 * 1024 * 1024

/** The engine takes a body beyond its limit for a malformed one; HTTP has a status for it (HT-03, RFC 9110 section 15.5.14). */
export function answerTooLarge(provider: Provider): void {
  const correct = (ctx: KoaContextWithOIDC, { cause }: Error) => {
    if (!(cause instanceof Error) || cause.message !== 'request entity too large') return
    ctx.status = 413
    if (!(ctx.request.length <= MOST_DISCARDED)) ctx.set('Connection', 'close')
  }
  for (const event of events) provider.on(event as 'grant.error', correct)
}
