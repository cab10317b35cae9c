// The composition root: every piece mounted once, read top to bottom.
import Router from '@koa/router'
import Koa from 'koa'
import { createSampleApi } from './api.ts'
import { assetRoutes } from './assets.ts'
import { homeRoutes } from './home.ts'
import { createRelyingParty } from './oidc.ts'
import { guard } from './guard.ts'
import { createSessions } from './sessions.ts'
import type { SampleOptions } from './settings.ts'
import { signInRoutes } from './sign-in.ts'
import { invoiceRoutes } from './invoices.ts'
import { signOutRoutes } from './sign-out.ts'
import { tokenRoutes } from './tokens.ts'

/** Makes the sample app; it talks to the issuer only when somebody signs in or calls the API. */
export function createSampleApp(options: SampleOptions): Koa {
  const app = new Koa()
  app.keys = [options.cookieKey]

  const party = createRelyingParty(options)
  const sessions = createSessions({ secure: options.baseUrl.protocol === 'https:' })
  const api = createSampleApi(options)
  const pages = new Router()
  homeRoutes(pages, { party, sessions, issuer: options.issuer })
  signInRoutes(pages, { party, sessions })
  invoiceRoutes(pages, { party, sessions })
  tokenRoutes(pages, { party, sessions })
  signOutRoutes(pages, { party, sessions })
  assetRoutes(pages)

  app.use(guard(options))
  app.use(api.routes()).use(api.allowedMethods())
  app.use(pages.routes()).use(pages.allowedMethods())
  return app
}
