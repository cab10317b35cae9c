import type { Middleware } from 'koa'
import { createAccountRoutes, createByMailRoutes, createFindPlace } from '../account/index.ts'
import { languageRoute } from '../http/index.ts'
import { wayToApp } from '../interaction/index.ts'
import { setLocale } from '../users/index.ts'
import { passkeySite } from './engine.ts'
import type { PartsWithEngine } from './parts.ts'

/** The pages about one's own account: signed in, by a link in a mail, and the choice of a language. */
export function accountRoutes(parts: PartsWithEngine): Middleware[] {
  const { config, database, hasher, sealer, oidc, pages, cookieKeys: keys } = parts
  const { render, rules: passwordRules } = pages
  const hasMail = config.mail.transport !== 'none'
  return [
    languageRoute({
      onChosen: async (ctx, language) => {
        const session = await oidc.sessionOf(ctx)
        if (session) await setLocale(database.prisma, session.userId, language)
      },
    }),
    createAccountRoutes({
      ...{ database, hasher, render, sealer, oidc, keys, passwordRules, hasMail },
      registration: config.registration,
      ...{ issuer: config.issuer, issuerName: config.looks.name, secondFactor: config.secondFactor.totp },
      passkeySite: passkeySite(config),
      findPlace: createFindPlace(config.geoDatabase),
      wayToApp: (ctx) => wayToApp(ctx, database.prisma),
    }),
    createByMailRoutes({
      ...{ database, hasher, passwordRules, render, sealer, keys, hasMail },
      registration: config.registration,
    }),
  ]
}
