/**
 * The admin room: the REST API for operators. Everything is made from one table of routes (routes.ts): the router, the validation,
 * the OpenAPI document, the page at /docs and the authorization matrix. To add a resource, write its routes with `route` in a
 * folder of its own (src/admin/users is the pattern), and add them to the table.
 * It owns the tables idempotency_keys and admin_request_windows and refuses everything by default: no token, no second factor, no
 * scope, no route, no answer. Rules about users, clients and tokens live in their rooms; here stands who may ask for what.
 * Entered by app.ts, which mounts it on the operations listener, and by the job runner, which sweeps.
 */
export { createAdminApi } from './admin-api.ts'
export type { AdminDeps } from './deps.ts'
export type { Bearer, ReadBearer } from './frame/caller.ts'
export { adminSweeps } from './frame/sweep.ts'
export { describeProblem } from './frame/problem.ts'
export { adminPatterns } from './routes.ts'
