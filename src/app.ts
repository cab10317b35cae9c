import Koa from 'koa'
import type { Middleware } from 'koa'
import type { Logger } from 'pino'
import type { JWK } from 'jose'
import { createAccountRoutes, createByMailRoutes, createFindPlace } from './account/index.ts'
import { adminPatterns, createAdminApi, describeProblem } from './admin/index.ts'
import { createWardrobe } from './clients/index.ts'
import type { Config } from './config/index.ts'
import type { Sealer } from './crypto/index.ts'
import { isStorageTrouble, migrationStatus } from './db/index.ts'
import type { Database } from './db/index.ts'
import { startLogoutDelivery } from './events/index.ts'
import * as http from './http/index.ts'
import { createEnginePages, createInteractionRoutes, rememberSignIn, wayToApp } from './interaction/index.ts'
import { startLogos } from './jobs/index.ts'
import { logoRoutes } from './logo-routes.ts'
import { createOidc, readBearer } from './oidc/index.ts'
import { createMailing } from './mailing.ts'
import { revocationLimit } from './revocation-limit.ts'
import { ownTemplates, viewsDir } from './own-templates.ts'
import { passwordRules } from './password-rules.ts'
import { headerProfile, publicMethods, routeLabels } from './routes.ts'
import { signInLimit } from './sign-in-limit.ts'
import { freshLooks, themeRoutes } from './theme-routes.ts'
import { defaultThrottlePolicy, passkeySiteOf, setLocale } from './users/index.ts'
import type { PasswordHasher } from './users/index.ts'

export type AppDeps = {
  config: Config
  database: Database
  hasher: PasswordHasher
  sealer: Sealer
  signingKeys: JWK[]
  cookieKeys: readonly Buffer[]
  logger: Logger
  /** False while the process is stopping: balancers then send no more. */
  isAccepting(): boolean
}

const labels = [...routeLabels, ...adminPatterns, '/mailbox', '/mailbox/:id', '/mailbox/:id/html']
const root = new URL('..', import.meta.url).pathname

/** The composition root: every room wired and mounted, read from top to bottom. */
export function createApps(deps: AppDeps): {
  publicApp: Koa
  opsApp: Koa
  useSigningKeys: (keys: JWK[]) => void
  /** Starts fetching the logos of clients; returns how to stop. */
  startLogos: (options?: { everyMs?: number }) => () => Promise<void>
  /** Starts telling relying parties what ended; returns how to stop. */
  startLogoutDelivery: (options?: { everyMs?: number }) => () => Promise<void>
  /** For the metrics: what is blocked. */
  observeBlocks: ReturnType<typeof http.createMetrics>['observeBlocks']
  /** Starts sending mails; returns how to stop. */
  startMailDelivery: (options?: { everyMs?: number }) => () => Promise<void>
} {
  const { config, database, logger, sealer, hasher, cookieKeys } = deps
  const { pool } = database
  const metrics = http.createMetrics({
    databasePool: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  })
  const assets = http.createAssets(`${root}public`)
  const own = ownTemplates(config, logger)
  const wardrobe = createWardrobe(database.prisma)
  const rules = passwordRules(config, (outcome, error) => {
    metrics.breachedPasswords.inc({ outcome })
    if (error) logger.warn({ error: String(error) }, 'leaked passwords could not be looked up')
  })
  const render = http.createRenderer({
    ...{ viewsDir, assets, issuerName: config.looks.name },
    ...own,
    dressFor: (clientId) => wardrobe.dressFor(clientId),
    passwordRules: rules,
  })

  const passkeySite = passkeySiteOf(config.issuer, config.looks.name)
  const outboundAllow = [...config.outbound.allowHosts, ...config.outbound.allowNetworks]
  const oidc = createOidc({
    issuer: config.issuer,
    database,
    signingKeys: deps.signingKeys,
    cookieKeys: cookieKeys.map((key) => key.toString('base64url')),
    lifetimes: {
      accessToken: config.tokens.accessSeconds,
      refreshTokenIdle: config.tokens.refreshIdleSeconds,
      refreshTokenAbsolute: config.tokens.refreshAbsoluteSeconds,
      sessionIdle: config.sessions.idleSeconds,
      sessionAbsolute: config.sessions.absoluteSeconds,
    },
    refreshRetryWindowSeconds: config.tokens.refreshRetryWindowSeconds,
    policy: { totp: config.secondFactor.totp, acr: config.acr, passkeys: passkeySite !== null },
    statusListTtlSeconds: config.tokens.statusListTtlSeconds,
    inFlightSeconds: (config.http.requestTimeoutMs + 5 * config.database.statementTimeoutMs) / 1000,
    outboundAllow,
    pages: createEnginePages({ database, render }),
    onInteraction: rememberSignIn,
    onTokensIssued: (grantType) => metrics.tokensIssued.inc({ grant_type: grantType }),
    onFailure: (ctx, error) => http.logFailure(logger, ctx, error, statusOf(error)),
  })

  const throttlePolicy = {
    ...defaultThrottlePolicy,
    stuffing: { ...defaultThrottlePolicy.stuffing, failures: config.limits.stuffingFailures },
  }
  const interaction = createInteractionRoutes({
    ...{
      database,
      oidc,
      render,
      hasher,
      sealer,
      passkeySite,
      keys: cookieKeys,
      issuerName: config.looks.name,
    },
    selfService: {
      register: config.mail.transport !== 'none' && config.registration.policy === 'open',
      forgot: config.mail.transport !== 'none',
    },
    canChallenge: config.mail.transport !== 'none',
    trustedBrowserDays: config.secondFactor.trustedBrowserDays,
    policy: throttlePolicy,
    onOutcome: (outcome) => metrics.signIns.inc({ outcome }),
  })

  const { startMailDelivery, mailboxPages } = createMailing({
    ...{ config, database, sealer, render, metrics, logger },
    ...{ viewsDir, ...own },
    issuerName: config.looks.name,
  })

  const ready = {
    database: () => pool.query('SELECT 1'),
    migrations: async () => {
      const { pending, failed } = await migrationStatus(pool)
      if (pending.length + failed.length > 0) throw new Error('the schema is not up to date')
    },
    accepting: () => (deps.isAccepting() ? Promise.resolve() : Promise.reject(new Error('stopping'))),
  }
  const errorPage = (ctx: Koa.Context, { title, message, reference }: http.ErrorPage) =>
    render(ctx, 'error', { title, message, reference })
  const first = (describe?: typeof describeProblem): Middleware[] => [
    http.requestContext({ logger, trustedProxies: config.http.trustedProxies, routes: labels }),
    metrics.observeRequests,
    http.securityHeaders({ secure: config.issuer.startsWith('https:'), profileOf: headerProfile }),
    http.chooseLanguage({ fallback: config.looks.language, picker: describe === undefined }),
    http.errorHandler({ isUnavailable: isStorageTrouble, renderError: errorPage, describe, logger }),
    http.healthRoutes({ ready }),
  ]

  const publicApp = koaApp(cookieKeys, [
    ...first(),
    http.hostGuard(config.issuer, { logger }),
    http.malformedGuard(),
    http.serveAssets(assets.find),
    freshLooks(wardrobe),
    http.allowMethods(publicMethods),
    http.onlyRoutes(Object.keys(publicMethods)),
    http.requestDeadline({ ms: config.http.requestTimeoutMs }),
    signInLimit(config.limits.signInStartsPerMinute),
    revocationLimit(config.limits.signInStartsPerMinute),
    onlyBelow(
      ['/interaction/', '/account/', '/register/', '/forgot/', '/language/', '/device/', '/logout/confirm/'],
      http.csrfGuard({ origin: new URL(config.issuer).origin }),
    ),
    http.languageRoute({
      onChosen: async (ctx, language) => {
        const session = await oidc.sessionOf(ctx)
        if (session) await setLocale(database.prisma, session.userId, language)
      },
    }),
    logoRoutes(database.prisma),
    themeRoutes(wardrobe),
    interaction,
    createAccountRoutes({
      ...{ database, hasher, render, sealer, oidc, keys: cookieKeys, issuerName: config.looks.name },
      ...{ passwordRules: rules, passkeySite, issuer: config.issuer, secondFactor: config.secondFactor.totp },
      ...{ findPlace: createFindPlace(config.geoDatabase), hasMail: config.mail.transport !== 'none' },
      wayToApp: (ctx) => wayToApp(ctx, database.prisma),
    }),
    createByMailRoutes({
      ...{ database, hasher, passwordRules: rules, render, sealer, keys: cookieKeys },
      ...{ hasMail: config.mail.transport !== 'none', registration: config.registration },
    }),
    ...oidc.middleware,
  ])
  const opsApp = koaApp(cookieKeys, [
    ...first(describeProblem),
    http.opsHostGuard(config.ops.names),
    http.metricsRoute(metrics.registry),
    http.malformedGuard(),
    http.serveAssets(assets.find),
    http.requestDeadline({ ms: config.http.requestTimeoutMs }),
    ...mailboxPages,
    ...createAdminApi({
      ...{ database, sealer, render, readBearer, issuer: config.issuer, keys: cookieKeys },
      // An ID token is good as a hint at sign-out as long as its session lives.
      signedSeconds: config.sessions.absoluteSeconds,
      requestsPerMinute: config.limits.adminRequestsPerMinute,
      hasMail: config.mail.transport !== 'none',
      acceptsNewcomers: config.registration.policy !== 'closed',
    }),
  ])
  return {
    publicApp,
    opsApp,
    useSigningKeys: (keys) => oidc.useSigningKeys(keys),
    startMailDelivery,
    startLogos: (options) =>
      startLogos(database, {
        ...{ outboundAllow, ...options },
        onError: (error) => logger.error({ error: String(error) }, 'fetching logos failed'),
      }),
    observeBlocks: metrics.observeBlocks,
    startLogoutDelivery: (options) =>
      startLogoutDelivery({
        ...{ database, outboundAllow, ...options },
        logoutRequest: (notice) => oidc.logoutRequest(notice),
        onOutcome: (outcome) => metrics.logoutNotices.inc({ outcome }),
        onQueue: (queue) => metrics.observeLogoutQueue(queue),
        onError: (error) => logger.error({ error: String(error) }, 'delivering logout notices failed'),
      }),
  }
}

function koaApp(keys: readonly Buffer[], middleware: Middleware[]): Koa {
  const app = new Koa({ keys: keys.map((key) => key.toString('base64url')) })
  // Every error was answered and logged by the error handler; what reaches Koa is a broken socket.
  app.silent = true
  for (const one of middleware) app.use(one)
  return app
}

function statusOf(error: Error): number {
  return (error as { statusCode?: number }).statusCode ?? 500
}

function onlyBelow(prefixes: readonly string[], middleware: Middleware): Middleware {
  return async (ctx, next) => {
    if (prefixes.some((prefix) => `${ctx.path}/`.startsWith(prefix))) await middleware(ctx, next)
    else await next()
  }
}
