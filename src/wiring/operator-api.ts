import type { Middleware } from 'koa'
import { createAdminApi } from '../admin/index.ts'
import { readBearer } from '../oidc/index.ts'
import { networksAllowed } from './outbound.ts'
import type { Parts } from './parts.ts'

/** The REST API for operators, by configuration. */
export function operatorApi({ config, database, sealer, pages, cookieKeys }: Parts): Middleware[] {
  return createAdminApi({
    ...{ database, sealer, readBearer, render: pages.render, issuer: config.issuer, keys: cookieKeys },
    // An ID token is good as a hint at sign-out as long as its session lives.
    signedSeconds: config.sessions.absoluteSeconds,
    outboundAllow: networksAllowed(config),
    requestsPerMinute: config.limits.adminRequestsPerMinute,
    hasMail: config.mail.transport !== 'none',
    acceptsNewcomers: config.registration.policy !== 'closed',
  })
}
