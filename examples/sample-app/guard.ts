// The outermost layer: headers that every answer carries, and a calm page when something breaks.
import type { Context, Middleware } from 'koa'
import { messagePage } from './pages/message.ts'
import type { SampleOptions } from './settings.ts'

/** Sets the security headers; turns a crash into a page that tells nothing and a log line that tells all. */
export function guard({ issuer }: Pick<SampleOptions, 'issuer'>): Middleware {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    // Browsers hold redirects of a form to this list too, and "Sign out" ends at the issuer.
    `form-action 'self' ${issuer.origin}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

  return async (ctx, next) => {
    ctx.set({
      'Content-Security-Policy': policy,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Cache-Control': 'no-store',
    })
    try {
      await next()
    } catch (error) {
      const status = statusOf(error)
      if (status >= 500) console.error(error)
      say(ctx, status, status >= 500 ? BROKEN : SENSELESS)
    }
    if (ctx.status === 404 && !ctx.body) say(ctx, 404, NOWHERE)
  }
}

const BROKEN = {
  title: 'Something broke here',
  text: 'The mistake is on this side. Please try again in a while.',
}
const SENSELESS = { title: 'That did not work', text: 'The sample app could not make sense of the request.' }
const NOWHERE = { title: 'Nothing here', text: 'This address leads nowhere.' }

function say(ctx: Context, status: number, message: { title: string; text: string }) {
  ctx.status = status
  ctx.body = messagePage({ ...message, action: { href: '/', label: 'Back to the start' } })
}

/** Koa and its parsers mark errors of the request with a 4xx `status`. */
function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}
