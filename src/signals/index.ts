/**
 * The signals room: a transmitter of shared signals (OpenID SSF 1.0) with the events of CAEP 1.0 and RISC 1.0. Says what an event of the
 * audit means to receivers, pushes it or lets it be fetched, and lets receivers look after their streams with tokens of their own. Owns no
 * table: streams and what waits in them are the receivers room's. It refuses to tell a client of claims that its user did not let it see,
 * and to send anything where the operator did not allow it. Entered by the wiring, which mounts it and has its job done.
 */
import type { Middleware } from 'koa'
import { createOutboundGuard } from '../http/index.ts'
import type { EndpointDeps } from './endpoints/deps.ts'
import { createClientLimit } from './endpoints/client-limit.ts'
import { signalEndpoints } from './endpoints/routes.ts'
import { createWaiting } from './endpoints/waiting.ts'

export { signalMethods } from './endpoints/routes.ts'
export { askForSignalPushes, pushSignals } from './push.ts'
export type { PushDeps } from './push.ts'

/** The transmitter's endpoints on the public listener. */
export function createSignals(deps: Omit<EndpointDeps, 'guard' | 'waiting' | 'limitClient'>): Middleware {
  const guard = createOutboundGuard(deps.outboundAllow)
  return signalEndpoints({
    ...{ ...deps, guard, waiting: createWaiting(deps.database), limitClient: createClientLimit() },
  })
}
