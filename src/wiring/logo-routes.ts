import Router from '@koa/router'
import type { Middleware } from 'koa'
import { findLogo } from '../clients/index.ts'
import type { Db } from '../db/index.ts'

/**
 * Serves the logos of clients at `/logos/:client/:digest`, where a picture never changes: browsers keep it for a year. What is served was
 * sent by others, so it can do nothing even if a browser took it for something else (nosniff, sandbox), and no other site can use it.
 */
export function logoRoutes(db: Db): Middleware {
  const router = new Router()
  router.get('/logos/:client/:digest', async (ctx, next): Promise<void> => {
    const { client = '', digest = '' } = ctx.params
    const logo = await findLogo(db, client, digest)
    if (!logo) {
      await next()
      return
    }
    ctx.set({
      'Cache-Control': 'public, max-age=31536000, immutable',
      'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'Content-Disposition': 'inline',
      'Cross-Origin-Resource-Policy': 'same-origin',
    })
    ctx.etag = digest
    ctx.type = logo.type
    ctx.status = 200
    if (ctx.fresh) ctx.status = 304
    else ctx.body = logo.body
  })
  return router.routes() as unknown as Middleware
}
