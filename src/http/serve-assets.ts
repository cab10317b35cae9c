import type { Middleware } from 'koa'
import type { Asset } from './assets.ts'

/**
 * Answers GET for the hashed assets that `find` knows by their path. Their content never changes under one name, so
 * browsers keep them for a year without asking. Unknown paths pass.
 */
export function serveAssets(find: (path: string) => Asset | undefined): Middleware {
  return async function serveAssets(ctx, next) {
    const asset = ctx.method === 'GET' || ctx.method === 'HEAD' ? find(ctx.path) : undefined
    if (!asset) {
      await next()
      return
    }
    ctx.set({
      'Cache-Control': 'public, max-age=31536000, immutable',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    })
    ctx.etag = asset.etag
    ctx.type = asset.type
    ctx.status = 200
    if (ctx.fresh) ctx.status = 304
    else ctx.body = asset.body
  }
}
