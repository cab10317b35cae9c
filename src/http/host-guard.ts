import type { Middleware } from 'koa'
import type { Logger } from 'pino'
import { HttpProblem } from './http-problem.ts'
import { rawHeaderValues } from './raw-headers.ts'
import type { RequestTarget } from './request-target.ts'

/**
 * Lets through only requests that are meant for the issuer's own origin (HT-01). Whatever is built from `ctx.href`
 * later (endpoints in metadata, audiences, links) is therefore the issuer's, whoever asked.
 * Refuses another authority in Host or in an absolute-form target, and another scheme, with 421 (RFC 9110 §15.5.20), a
 * missing or repeated Host with 400 (RFC 9112 §3.2); nothing of what was sent is repeated. Stands behind `requestContext`.
 */
export function hostGuard(issuer: string, { logger }: { logger?: Pick<Logger, 'warn'> } = {}): Middleware {
  const { host, protocol } = new URL(issuer)
  let warned = false

  const warnOnce = (): void => {
    if (!warned)
      logger?.warn(
        { issuer },
        'a request came over another scheme than the issuer has: is the TLS proxy trusted?',
      )
    warned = true
  }

  return async function hostGuard(ctx, next) {
    delete ctx.req.headers['x-forwarded-host']
    const [authority, ...more] = rawHeaderValues(ctx.req, 'host')
    if (authority === undefined || more.length > 0) throw new HttpProblem(400, { reason: 'host_count' })
    if (withoutDefaultPort(authority, protocol) !== host) throw new HttpProblem(421, { reason: 'host' })
    if (!isOurs(ctx.state.target, host)) throw new HttpProblem(421, { reason: 'target' })
    if (`${ctx.protocol}:` !== protocol) {
      warnOnce()
      throw new HttpProblem(421, { reason: 'scheme' })
    }
    ctx.req.headers.host = host
    await next()
  }
}

function isOurs({ origin }: RequestTarget, host: string): boolean {
  if (!origin) return true
  return /^https?$/.test(origin.scheme) && withoutDefaultPort(origin.authority, `${origin.scheme}:`) === host
}

function withoutDefaultPort(authority: string, protocol: string): string {
  return authority.toLowerCase().replace(protocol === 'https:' ? /:443$/ : /:80$/, '')
}
