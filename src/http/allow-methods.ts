import type { Middleware } from 'koa'
import { HttpProblem } from './http-problem.ts'
import { routeFinder } from './route-table.ts'

/**
 * Answers requests for known paths with a method they do not have: 405 with Allow (HT-04, RFC 9110 §15.5.6). `table` gives
 * the methods of each path pattern (see `routeFinder`); GET brings HEAD along. OPTIONS may be answered further in (CORS
 * preflights); what is left open is answered here with 204 and Allow. Unknown paths pass.
 */
export function allowMethods(table: Readonly<Record<string, readonly string[]>>): Middleware {
  const findRoute = routeFinder(Object.keys(table))

  return async function allowMethods(ctx, next) {
    const route = findRoute(ctx.path)
    if (route === undefined) {
      await next()
      return
    }
    const listed = table[route] ?? []
    const allowed = [...listed, ...(listed.includes('GET') ? ['HEAD'] : []), 'OPTIONS']
    const Allow = allowed.join(', ')
    if (!allowed.includes(ctx.method)) throw new HttpProblem(405, { headers: { Allow } })
    await next()
    if (ctx.method === 'OPTIONS' && ctx.body == null && (ctx.status === 404 || ctx.status === 204)) {
      ctx.status = 204
      ctx.set({ Allow })
    }
  }
}
