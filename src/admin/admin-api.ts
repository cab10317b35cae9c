import type { Middleware } from 'koa'
import type { AdminDeps } from './deps.ts'
import { createDocuments } from './documents/index.ts'
import { createRouter } from './frame/router.ts'
import { adminRoutes, tags } from './routes.ts'

/**
 * The admin API and its documents as middleware for the operations listener, behind `errorHandler({ describe: describeProblem })`,
 * `opsHostGuard` and `malformedGuard`. Answers everything that reaches it.
 */
export function createAdminApi(deps: AdminDeps): Middleware[] {
  return createRouter(deps, adminRoutes, createDocuments(deps, adminRoutes, tags))
}
