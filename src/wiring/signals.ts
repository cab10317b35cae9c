import type { Middleware } from 'koa'
import { createSignals, pushSignals } from '../signals/index.ts'
import type { PushDeps } from '../signals/index.ts'
import { networksAllowed } from './outbound.ts'
import type { PartsWithEngine } from './parts.ts'

/** Of the time that a request may take, a poll may wait so much for something to happen. */
const LONG_POLL = 0.8

/** The transmitter of shared signals, by configuration. */
export function signalRoutes(parts: PartsWithEngine): Middleware {
  const { config, metrics } = parts
  return createSignals({
    ...transmitter(parts),
    defaultSubjects: config.signals.defaultSubjects,
    longPollMs: Math.floor(config.http.requestTimeoutMs * LONG_POLL),
    isAccepting: () => parts.isAccepting(),
    onOutcome: (outcome, count) => metrics.securityEvents.inc({ method: 'poll', outcome }, count),
  })
}

/** Its job: pushing the events of one stream. */
export function signalWork(parts: PartsWithEngine, hands: PushDeps['hands']): ReturnType<typeof pushSignals> {
  return pushSignals({
    ...{ ...transmitter(parts), hands },
    onOutcome: (outcome) => parts.metrics.securityEvents.inc({ method: 'push', outcome }),
  })
}

function transmitter({
  config,
  database,
  sealer,
  oidc,
}: PartsWithEngine): Omit<PushDeps, 'onOutcome' | 'hands'> {
  return {
    ...{ database, sealer, issuer: config.issuer, outboundAllow: networksAllowed(config) },
    levels: config.acr.map(({ acr }) => acr),
    sign: (claims) => oidc.signSecurityEvent(claims),
  }
}
