import type { Middleware } from 'koa'
import ipaddr from 'ipaddr.js'
import { HttpProblem } from './http-problem.ts'
import { rawHeaderValues } from './raw-headers.ts'

/**
 * Lets through only requests that name this listener by an IP address, as `localhost`, or by one of `names`; others get 421
 * (RFC 9110 section 15.5.20). A page that points its own name at our address (DNS rebinding) brings that name along, and an IP
 * address cannot be pointed anywhere. A missing or repeated Host is 400. Ports do not matter: a tunnel may have another one.
 */
export function opsHostGuard(names: readonly string[]): Middleware {
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())])

  return async function opsHostGuard(ctx, next) {
    const [authority, ...more] = rawHeaderValues(ctx.req, 'host')
    if (authority === undefined || more.length > 0) throw new HttpProblem(400, { reason: 'host_count' })
    const authorities = [authority, ctx.state.target.origin?.authority ?? authority]
    if (!authorities.every((one) => isKnown(one.toLowerCase(), known)))
      throw new HttpProblem(421, { reason: 'host' })
    await next()
  }
}

function isKnown(authority: string, known: ReadonlySet<string>): boolean {
  const [, literal, name] = /^(?:\[([0-9a-f:.]+)\]|([^:@[\]]+))(?::\d{1,5})?$/.exec(authority) ?? []
  if (literal !== undefined) return ipaddr.IPv6.isValid(literal)
  return name !== undefined && (ipaddr.IPv4.isValidFourPartDecimal(name) || known.has(name))
}
