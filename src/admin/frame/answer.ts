import type { Context } from 'koa'
import { makeCursor } from './cursor.ts'
import { canonicalJson, etagOf } from './etag.ts'
import type { Answer } from './idempotency.ts'
import type { Call, Reply, Route } from './route.ts'

/** A body with its entity tag. */
export function tagged<R>(body: R): { body: R; headers: Record<string, string> } {
  return { body, headers: { ETag: etagOf(body) } }
}

/** What goes out for a reply: status, headers, and for a list in pages the way to the next one. */
export function answerOf(
  ctx: Context,
  route: Route,
  call: Call,
  { body, headers = {}, next }: Reply<unknown>,
): Answer {
  const { status } = route.success
  if (route.paged !== true) return { status, headers, ...(body !== undefined && { body }) }
  if (next === undefined || next === null)
    return { status, headers, body: { items: body, next_cursor: null } }
  const cursor = makeCursor(call.deps.keys, cursorContext(route, call), next)
  const target = new URLSearchParams(ctx.querystring)
  target.set('cursor', cursor)
  const link = { Link: `<${ctx.path}?${target.toString()}>; rel="next"` }
  return { status, headers: { ...headers, ...link }, body: { items: body, next_cursor: cursor } }
}

/** The list a cursor belongs to: the route, what its path names, and the filters. */
export function cursorContext(route: Route, { params, query }: Pick<Call, 'params' | 'query'>): string {
  const { limit: _limit, cursor: _cursor, ...filters } = query as Record<string, unknown>
  return canonicalJson([route.operationId, params, filters])
}

export function send(ctx: Context, { status, headers, body }: Answer): void {
  ctx.status = status
  ctx.set(headers)
  if (body === undefined) {
    ctx.body = null
    ctx.status = status
  } else {
    ctx.type = 'application/json'
    ctx.body = JSON.stringify(body)
  }
}
