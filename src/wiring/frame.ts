import Koa from 'koa'
import type { Middleware } from 'koa'
import { adminPatterns, describeProblem } from '../admin/index.ts'
import { isStorageTrouble, migrationStatus, takesWrites } from '../db/index.ts'
import * as http from '../http/index.ts'
import { isQueueInstalled } from '../queue/index.ts'
import type { Parts } from './parts.ts'
import { headerProfile, routeLabels } from './routes.ts'

const labels = [...routeLabels, ...adminPatterns, '/mailbox', '/mailbox/:id', '/mailbox/:id/html']

/** What stands around every answer of a listener: its id, its counting, its headers, its language, its errors, its health. */
export function frame(parts: Parts, listener: 'public' | 'ops'): Middleware[] {
  const { config, logger, metrics, pages } = parts
  const isPublic = listener === 'public'
  return [
    http.requestContext({ logger, trustedProxies: config.http.trustedProxies, routes: labels }),
    http.traceRequests(listener),
    metrics.observeRequests,
    http.securityHeaders({ secure: config.issuer.startsWith('https:'), profileOf: headerProfile }),
    http.chooseLanguage({ fallback: config.looks.language, picker: isPublic }),
    http.errorHandler({
      isUnavailable: isStorageTrouble,
      renderError: (ctx, { title, message, reference }) =>
        pages.render(ctx, 'error', { title, message, reference }),
      describe: isPublic ? undefined : describeProblem,
      logger,
    }),
    http.healthRoutes({ ready: readiness(parts) }),
  ]
}

function readiness({ database: { pool }, workers, ...process }: Parts) {
  const check = (isSo: boolean, otherwise: string) =>
    isSo ? Promise.resolve() : Promise.reject(new Error(otherwise))
  return {
    database: async () => {
      if (!(await takesWrites(pool))) throw new Error('it takes no writes')
    },
    migrations: async () => {
      const { pending, failed } = await migrationStatus(pool)
      if (pending.length + failed.length > 0) throw new Error('the schema is not up to date')
    },
    queue: async () => {
      if (!(await isQueueInstalled(pool))) throw new Error("the queue's schema is not there")
    },
    accepting: () => check(process.isAccepting(), 'stopping'),
    ...(workers ? { workers: () => check(workers.isAnyReady(), 'no worker answers') } : {}),
  }
}

/** A Koa app of these, in this order. */
export function koaApp(keys: readonly Buffer[], middleware: Middleware[]): Koa {
  const app = new Koa({ keys: keys.map((key) => key.toString('base64url')) })
  // Every error was answered and logged by the error handler; what reaches Koa is a broken socket.
  app.silent = true
  for (const one of middleware) app.use(one)
  return app
}

/** A middleware for what lies below these addresses only. */
export function onlyBelow(prefixes: readonly string[], middleware: Middleware): Middleware {
  return async (ctx, next) => {
    if (prefixes.some((prefix) => `${ctx.path}/`.startsWith(prefix))) await middleware(ctx, next)
    else await next()
  }
}
