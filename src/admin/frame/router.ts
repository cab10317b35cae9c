import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { allowMethods, onlyRoutes } from '../../http/index.ts'
import type { AdminDeps } from '../deps.ts'
import type { Route } from './route.ts'
import { serve } from './serve.ts'

const PREFIX = '/v1'

/** Makes the routes answer, and the open pages. What is in no route is 404, another method is 405 with Allow: nothing by default. */
export function createRouter(
  deps: AdminDeps,
  routes: readonly Route[],
  open: Record<string, (ctx: Context) => void>,
): Middleware[] {
  const methods: Record<string, string[]> = {}
  const router = new Router({ sensitive: true, strict: true })
  for (const [path, show] of Object.entries(open)) {
    methods[path] = ['GET']
    router.get(path, (ctx) => show(ctx))
  }
  for (const route of routes) {
    const path = `${PREFIX}${route.path}`
    const answer = serve(deps, route)
    ;(methods[path] ??= []).push(route.method)
    router.register(path, [route.method], (ctx) => answer(ctx))
  }
  return [onlyRoutes(Object.keys(methods)), allowMethods(methods), router.routes() as unknown as Middleware]
}

/** The patterns of all routes, as labels for logs and metrics. */
export function patternsOf(routes: readonly Route[]): string[] {
  return [...new Set(routes.map(({ path }) => `${PREFIX}${path}`))]
}
