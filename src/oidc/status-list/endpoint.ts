import type { Context, Middleware } from 'koa'
import type { JWK } from 'jose'
import type { StatusLists, StatusListTimes } from './status-lists.ts'

const PREFIX = '/status-lists/'
const MEDIA_TYPE = 'application/statuslist+jwt'

/**
 * GET /status-lists/:id, for every API and every cache on the way (draft-ietf-oauth-status-list section 8): 404 for a list that
 * never was or is over, 406 for another format, 501 for the past. Storage trouble is thrown, and becomes 503.
 */
export function statusListEndpoint(
  lists: StatusLists,
  { times, signingKeys }: { times: StatusListTimes; signingKeys: () => readonly JWK[] },
): Middleware {
  return async function statusListEndpoint(ctx, next) {
    if (!ctx.path.startsWith(PREFIX) || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) {
      await next()
      return
    }
    // Open data: a page of any origin may check a token too.
    ctx.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'ETag' })
    ctx.vary('Accept')
    if (ctx.query['time'] !== undefined) {
      refuse(ctx, 501, 'only the current status is kept')
      return
    }
    if (!ctx.accepts(MEDIA_TYPE)) {
      refuse(ctx, 406, `the status list is offered as ${MEDIA_TYPE}`)
      return
    }
    const list = await lists.read(ctx.path.slice(PREFIX.length), signingKeys())
    if (!list) {
      refuse(ctx, 404, 'there is no such status list')
      return
    }
    ctx.vary('Accept-Encoding')
    ctx.set({ 'Cache-Control': `public, max-age=${times.maxAge}`, ETag: list.etag })
    ctx.type = MEDIA_TYPE
    ctx.status = 200
    if (ctx.fresh) {
      ctx.status = 304
      return
    }
    const isZipped = ctx.acceptsEncodings('gzip', 'identity') === 'gzip'
    if (isZipped) ctx.set('Content-Encoding', 'gzip')
    ctx.body = isZipped ? list.gzip : list.token
  }
}

function refuse(ctx: Context, status: number, description: string): void {
  ctx.status = status
  ctx.body = { error: status === 404 ? 'not_found' : 'invalid_request', error_description: description }
}
