import type { Middleware } from 'koa'
import { dataPolicy, enginePagePolicy, pagePolicy } from './content-security-policy.ts'

/**
 * What kind of answer a path gives:
 * `page` our own HTML; `engine-page` the engine's HTML and redirects to clients; `data` JSON for our own origin;
 * `open-data` JSON that pages of other origins may read where CORS lets them (discovery, keys, token, userinfo).
 */
export type HeaderProfile = 'page' | 'engine-page' | 'data' | 'open-data'

const policies: Record<HeaderProfile, string> = {
  page: pagePolicy(),
  'engine-page': enginePagePolicy,
  data: dataPolicy,
  'open-data': dataPolicy,
}

/** Only a page with one of our scripts may ask an authenticator, and no page inside another. */
function permissions(passkeys: '()' | '(self)'): string {
  const never = ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb']
  const asked = ['publickey-credentials-create', 'publickey-credentials-get']
  return [...never.map((name) => `${name}=()`), ...asked.map((name) => `${name}=${passkeys}`)].join(', ')
}

const always = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': permissions('()'),
  'Cache-Control': 'no-store',
}

/**
 * Sets the security headers before anything else answers, so that every answer has them, 404 and 500 included
 * (HT-02, AZ-12, AZ-13, AZ-14). Handlers may replace single ones, e.g. Cache-Control for what is public.
 * A page whose form ends up at a client says so in `ctx.state.formAction` (see `formActionSource`): browsers hold
 * form-action against the redirects that follow a POST as well.
 * A page that needs one of our scripts says so in `ctx.state.scripts`.
 * `secure`: the issuer is https, so browsers are told to stay there (HSTS, two years). `profileOf` picks per path.
 */
export function securityHeaders({
  secure,
  profileOf = () => 'page',
}: {
  secure: boolean
  profileOf?: (path: string) => HeaderProfile
}): Middleware {
  const transport = secure ? { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' } : {}

  return async function securityHeaders(ctx, next) {
    const profile = profileOf(ctx.path)
    ctx.set({
      ...always,
      ...transport,
      'Content-Security-Policy': policies[profile],
      'Cross-Origin-Resource-Policy': profile === 'open-data' ? 'cross-origin' : 'same-origin',
    })
    await next()
    const { formAction, scripts = false } = ctx.state
    if (!formAction && !scripts) return
    if (ctx.response.get('Content-Security-Policy') !== policies.page) return
    ctx.set('Content-Security-Policy', pagePolicy(formAction, { scripts }))
    if (scripts) ctx.set('Permissions-Policy', permissions('(self)'))
  }
}
