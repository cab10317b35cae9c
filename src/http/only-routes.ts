import type { Middleware } from 'koa'
import { HttpProblem } from './http-problem.ts'
import { routeFinder } from './route-table.ts'

/**
 * Answers 404 for every path that fits none of the patterns. Routers further in may take more for one of theirs (another
 * case, a final slash) than the guards, limits and headers that go by the path know of: what these do not see is not there.
 */
export function onlyRoutes(patterns: Iterable<string>): Middleware {
  const findRoute = routeFinder(patterns)

  return async function onlyRoutes(ctx, next) {
    if (findRoute(ctx.path) === undefined) throw new HttpProblem(404)
    await next()
  }
}
