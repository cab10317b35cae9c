import { logFailure } from '../http/index.ts'
import { createEnginePages, rememberSignIn } from '../interaction/index.ts'
import { createOidc, observeRevocations } from '../oidc/index.ts'
import { passkeySiteOf } from '../users/index.ts'
import type { PasskeySite } from '../users/index.ts'
import { networksAllowed } from './outbound.ts'
import type { AppDeps, Parts } from './parts.ts'
import { tellTrouble } from './tell-trouble.ts'

/** The protocol engine, by configuration. */
export function createEngine(parts: Parts): ReturnType<typeof createOidc> {
  const { config, database, logger, metrics, pages } = parts
  observeRevocations((revocation) => metrics.revocations.inc(revocation))
  return createOidc({
    issuer: config.issuer,
    database,
    ...{ sealer: parts.sealer, signingKeys: parts.signingKeys },
    cookieKeys: parts.cookieKeys.map((key) => key.toString('base64url')),
    lifetimes: {
      accessToken: config.tokens.accessSeconds,
      refreshTokenIdle: config.tokens.refreshIdleSeconds,
      refreshTokenAbsolute: config.tokens.refreshAbsoluteSeconds,
      sessionIdle: config.sessions.idleSeconds,
      sessionAbsolute: config.sessions.absoluteSeconds,
    },
    refreshRetryWindowSeconds: config.tokens.refreshRetryWindowSeconds,
    policy: { totp: config.secondFactor.totp, acr: config.acr, passkeys: passkeySite(config) !== null },
    statusListTtlSeconds: config.tokens.statusListTtlSeconds,
    inFlightSeconds: (config.http.requestTimeoutMs + 5 * config.database.statementTimeoutMs) / 1000,
    outboundAllow: networksAllowed(config),
    pages: createEnginePages({ database, render: pages.render }),
    onInteraction: rememberSignIn,
    onTokensIssued: (grantType) => metrics.tokensIssued.inc({ grant_type: grantType }),
    onFailure: (ctx, error) => logFailure(logger, ctx, error, statusOf(error)),
    onKeysChanged: (kids) => logger.info({ kids }, 'the signing keys changed'),
    onKeysTrouble: (error) => tellTrouble(logger, error, 'looking for changed signing keys failed'),
  })
}

/** Whom passkeys are made for; null where there can be none. */
export function passkeySite({ issuer, looks }: AppDeps['config']): PasskeySite | null {
  return passkeySiteOf(issuer, looks.name)
}

function statusOf(error: Error): number {
  return (error as { statusCode?: number }).statusCode ?? 500
}
