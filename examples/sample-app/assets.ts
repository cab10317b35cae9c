// The app's two static files, read once.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type Router from '@koa/router'

const FILES = { '/sample.css': 'text/css; charset=utf-8', '/icon.svg': 'image/svg+xml' }

/** Adds GET /sample.css and GET /icon.svg. */
export function assetRoutes(router: Router) {
  for (const [path, type] of Object.entries(FILES)) {
    const content = readFileSync(new URL(`./public${path}`, import.meta.url))
    const etag = `"${createHash('sha256').update(content).digest('base64url')}"`
    router.get(path, (ctx) => {
      ctx.status = 200
      ctx.set({ 'Content-Type': type, 'Cache-Control': 'no-cache', ETag: etag })
      if (ctx.fresh) ctx.status = 304
      else ctx.body = content
    })
  }
}
