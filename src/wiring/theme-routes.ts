import Router from '@koa/router'
import type { Middleware } from 'koa'
import type { Wardrobe } from '../clients/index.ts'

/** Before a page is made: have its looks changed? Only for browsers; programs get no pages. */
export function freshLooks(wardrobe: Wardrobe): Middleware {
  return async function freshLooks(ctx, next) {
    if (ctx.accepts('json', 'html') === 'html') await wardrobe.refresh()
    await next()
  }
}

/**
 * Serves stylesheets and logos of themes at `/themes/:key/:file`, where a file never changes: browsers keep it for a year. A page that
 * was made just before its theme changed gets the new stylesheet under the old address, and that is kept by nobody. A logo was checked
 * when it was saved, and can do nothing even if a browser took it for something else (nosniff, sandbox).
 */
export function themeRoutes(wardrobe: Wardrobe): Middleware {
  const router = new Router()
  router.get('/themes/:key/:file', async (ctx, next) => {
    const file = await wardrobe.file(ctx.path)
    if (!file) {
      await next()
      return
    }
    ctx.set({
      'Cache-Control': file.current ? 'public, max-age=31536000, immutable' : 'no-store',
      'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'Cross-Origin-Resource-Policy': 'same-origin',
    })
    ctx.type = file.type
    ctx.body = file.body
  })
  return router.routes() as unknown as Middleware
}
