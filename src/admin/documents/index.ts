import type { Context } from 'koa'
import { ADMIN_API, ADMIN_SCOPES } from '../../clients/index.ts'
import { pagePolicy } from '../../http/index.ts'
import type { AdminDeps } from '../deps.ts'
import type { Route } from '../frame/route.ts'
import { openApiOf } from './openapi.ts'
import { pageOf } from './page.ts'

/** The documents, open to everybody who reaches this listener: they say nothing about this server but its address. */
export function createDocuments(
  { issuer, render }: Pick<AdminDeps, 'issuer' | 'render'>,
  routes: readonly Route[],
  tags: Record<string, string>,
): Record<string, (ctx: Context) => void> {
  const api = openApiOf(routes, { issuer, tags })
  const json = JSON.stringify(api, null, 2)
  const html = render({ state: {} }, 'api-docs', { api: pageOf(api) })
  // RFC 9728 section 3: where a client learns whose tokens to bring, and with which scopes.
  const resource = JSON.stringify({
    resource: ADMIN_API,
    resource_name: 'Cardea admin API',
    authorization_servers: [issuer],
    scopes_supported: ADMIN_SCOPES,
    bearer_methods_supported: ['header'],
  })
  return {
    '/.well-known/oauth-protected-resource': (ctx) => {
      ctx.type = 'application/json'
      ctx.body = resource
    },
    '/v1/openapi.json': (ctx) => {
      ctx.type = 'application/json'
      ctx.body = json
    },
    '/docs': (ctx) => {
      ctx.set('Content-Security-Policy', pagePolicy())
      ctx.type = 'html'
      ctx.body = html
    },
  }
}
