import type { Middleware } from 'koa'
import { inSpan } from '../tracing/index.ts'

/** Asked every few seconds by machines: they would bury what people do. */
const untraced = new Set(['/health/live', '/health/ready', '/metrics'])

/**
 * A span around each request: its route's label, its method and its status, and nothing of what it said. Below the caller's own span if a
 * trusted proxy sent one. Stands behind `requestContext`, which knows both.
 */
export function traceRequests(listener: 'public' | 'ops'): Middleware {
  return async function traceRequests(ctx, next) {
    if (untraced.has(ctx.path)) {
      await next()
      return
    }
    const { route, requestId, traceparent: parent } = ctx.state
    const method = knownMethod.test(ctx.method) ? ctx.method : '_OTHER'
    const attributes = {
      'http.request.method': method,
      'http.route': route,
      'url.scheme': ctx.protocol,
      'cardea.listener': listener,
      'cardea.request_id': requestId,
    }
    await inSpan({ name: `${method} ${route}`, kind: 'server', attributes, parent }, async (note) => {
      await next()
      note({ 'http.response.status_code': ctx.status }, ctx.status >= 500)
    })
  }
}

const knownMethod = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/
