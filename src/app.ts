import type Koa from 'koa'
import * as http from './http/index.ts'
import type { Oidc } from './oidc/index.ts'
import * as wiring from './wiring/index.ts'
import type { AppDeps, BesideRequests, PartsWithEngine } from './wiring/index.ts'

export type { AppDeps, WorkersBeside } from './wiring/index.ts'

export type Apps = BesideRequests & {
  /** For people and client apps. */
  publicApp: Koa
  /** For operators, balancers and what gathers metrics. */
  opsApp: Koa
  /** For the same, of a process that only works. */
  workerApp: Koa
  /** Follows changed signing keys beside the requests. Returns how to stop. */
  watchSigningKeys: Oidc['watchSigningKeys']
  /** The keys that sign now. Rejects when nobody can tell. */
  keysToSign: Oidc['keysToSign']
  /** What this process has counted so far. */
  counted: () => Promise<http.Counted>
  /** For the metrics: what is blocked. */
  observeBlocks: ReturnType<typeof http.createMetrics>['observeBlocks']
}

/** The composition root: every room wired and mounted, read from top to bottom. */
export function createApps(deps: AppDeps): Apps {
  const { pool } = deps.database
  const metrics = http.createMetrics({
    databasePool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    hashing: () => deps.hasher.stats(),
  })
  const pages = wiring.createPages(deps, metrics)
  const parts = { ...deps, metrics, pages }
  const oidc = wiring.createEngine(parts)
  const mailing = wiring.createMailing(parts)
  return {
    publicApp: publicApp({ ...parts, oidc }),
    opsApp: opsApp({ ...parts, oidc }, mailing),
    workerApp: wiring.workerApp(parts),
    watchSigningKeys: oidc.watchSigningKeys,
    keysToSign: oidc.keysToSign,
    counted: () => metrics.registry.getMetricsAsJSON(),
    observeBlocks: metrics.observeBlocks,
    ...wiring.besideRequests({ ...parts, oidc }, mailing),
  }
}

function publicApp(parts: PartsWithEngine): Koa {
  const { config, database, logger, pages, oidc } = parts
  return wiring.koaApp(parts.cookieKeys, [
    ...wiring.frame(parts, 'public'),
    http.hostGuard(config.issuer, { logger }),
    http.malformedGuard(),
    http.serveAssets(pages.assets.find),
    ...wiring.passwordDoor(parts),
    wiring.freshLooks(pages.wardrobe),
    http.allowMethods(wiring.publicMethods),
    http.onlyRoutes(Object.keys(wiring.publicMethods)),
    http.requestDeadline({ ms: config.http.requestTimeoutMs }),
    wiring.signInLimit(config.limits.signInStartsPerMinute),
    wiring.revocationLimit(config.limits.signInStartsPerMinute),
    wiring.onlyBelow(
      ['/interaction/', '/account/', '/register/', '/forgot/', '/language/', '/device/', '/logout/confirm/'],
      http.csrfGuard({ origin: new URL(config.issuer).origin }),
    ),
    wiring.logoRoutes(database.prisma),
    wiring.themeRoutes(pages.wardrobe),
    wiring.signalRoutes(parts),
    wiring.signInRoutes(parts),
    ...wiring.accountRoutes(parts),
    ...oidc.middleware,
  ])
}

function opsApp(parts: PartsWithEngine, { mailboxPages }: ReturnType<typeof wiring.createMailing>): Koa {
  const { config, metrics, pages } = parts
  return wiring.koaApp(parts.cookieKeys, [
    ...wiring.frame(parts, 'ops'),
    http.opsHostGuard(config.ops.names),
    http.metricsRoute(metrics.registry, parts.workers?.counted),
    http.malformedGuard(),
    http.serveAssets(pages.assets.find),
    http.requestDeadline({ ms: config.http.requestTimeoutMs }),
    ...mailboxPages,
    ...wiring.operatorApi(parts),
  ])
}
