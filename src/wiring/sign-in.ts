import type { Middleware } from 'koa'
import { createInteractionRoutes } from '../interaction/index.ts'
import { defaultThrottlePolicy } from '../users/index.ts'
import { passkeySite } from './engine.ts'
import type { PartsWithEngine } from './parts.ts'

/** The hosted sign-in, by configuration. */
export function signInRoutes(parts: PartsWithEngine): Middleware {
  const { config, database, hasher, sealer, oidc, metrics, pages } = parts
  const hasMail = config.mail.transport !== 'none'
  return createInteractionRoutes({
    ...{ database, oidc, hasher, sealer, render: pages.render },
    passkeySite: passkeySite(config),
    keys: parts.cookieKeys,
    issuerName: config.looks.name,
    mayRegister: hasMail && config.registration.policy === 'open',
    canChallenge: hasMail,
    trustedBrowserDays: config.secondFactor.trustedBrowserDays,
    policy: {
      ...defaultThrottlePolicy,
      stuffing: { ...defaultThrottlePolicy.stuffing, failures: config.limits.stuffingFailures },
    },
    onOutcome: (outcome, factor) => metrics.signIns.inc({ outcome, factor }),
  })
}
