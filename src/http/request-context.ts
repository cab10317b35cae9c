import { randomBytes } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { Context, Middleware } from 'koa'
import type { Logger } from 'pino'
import type {} from './request-state.ts'
import { clientFinder } from './client-address.ts'
import { readTarget } from './request-target.ts'
import { routeFinder } from './route-table.ts'

const acceptableId = /^[\w.-]{8,64}$/
const forwardingHeaders = [
  'forwarded',
  'x-real-ip',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-ssl',
  'x-forwarded-scheme',
  'traceparent',
  'tracestate',
]

/**
 * First of all middleware: gives the request its id, finds out who asks and over what, and writes one log line when it
 * is over. Afterwards `ctx.ip`, `ctx.protocol` and `ctx.secure` tell the truth and no forwarding header is left to
 * mislead anyone (TH-06): they count only from `trustedProxies` (addresses or networks), and `Forwarded`, `X-Real-IP`
 * and `X-Forwarded-Host` never. The Koa app must keep `proxy: false`.
 * `routes` are the patterns that become labels; the line holds no path, query, header or body.
 */
export function requestContext({
  logger,
  trustedProxies,
  routes = [],
}: {
  logger: Pick<Logger, 'info'>
  trustedProxies: readonly string[]
  routes?: Iterable<string>
}): Middleware {
  const findClient = clientFinder(trustedProxies)
  const findRoute = routeFinder(routes)

  return async function requestContext(ctx, next) {
    const startedAt = performance.now()
    ctx.state.target = readTarget(ctx.req.url ?? '')
    ctx.url = ctx.originalUrl = ctx.request.originalUrl = ctx.state.target.pathAndQuery
    const client = findClient({
      peer: ctx.req.socket.remoteAddress ?? '',
      forwardedFor: ctx.get('X-Forwarded-For'),
      forwardedProto: ctx.get('X-Forwarded-Proto'),
      encrypted: (ctx.req.socket as Partial<TLSSocket>).encrypted === true,
    })
    const givenId = ctx.get('X-Request-Id')
    ctx.state.requestId =
      client.viaProxy && acceptableId.test(givenId) ? givenId : randomBytes(12).toString('base64url')
    ctx.state.ip = client.ip
    ctx.state.route = findRoute(ctx.path) ?? 'other'
    ctx.request.ip = client.ip
    if (client.viaProxy) ctx.state.traceparent = ctx.get('Traceparent')
    Object.defineProperty(ctx.request, 'protocol', { value: client.protocol })
    for (const name of forwardingHeaders) Reflect.deleteProperty(ctx.req.headers, name)

    ctx.set('X-Request-Id', ctx.state.requestId)
    ctx.res.once('close', () => logger.info(accessLine(ctx, startedAt), 'request'))
    await next()
  }
}

function accessLine(ctx: Context, startedAt: number): Record<string, unknown> {
  const { requestId, route, ip, refused } = ctx.state
  return {
    requestId,
    method: ctx.method,
    route,
    status: ctx.res.statusCode,
    ms: Math.round(performance.now() - startedAt),
    ip,
    ...(refused !== undefined && { refused }),
    ...(!ctx.res.writableFinished && { aborted: true }),
  }
}
