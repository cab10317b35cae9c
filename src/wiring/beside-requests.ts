import { startLogoutDelivery } from '../events/index.ts'
import { startLogos } from '../jobs/index.ts'
import type { createMailing } from './mailing.ts'
import { networksAllowed } from './outbound.ts'
import type { PartsWithEngine } from './parts.ts'

/** What goes on beside the requests, each ready to be started; starting returns how to stop. */
export type BesideRequests = {
  /** Fetches the logos of clients. */
  startLogos: (options?: { everyMs?: number }) => () => Promise<void>
  /** Tells relying parties what ended. */
  startLogoutDelivery: (options?: { everyMs?: number }) => () => Promise<void>
  /** Sends mails. */
  startMailDelivery: (options?: { everyMs?: number }) => () => Promise<void>
}

/** Wires what goes on beside the requests. Nothing is started yet. */
export function besideRequests(
  { config, database, logger, metrics, oidc }: PartsWithEngine,
  { startMailDelivery }: ReturnType<typeof createMailing>,
): BesideRequests {
  const outboundAllow = networksAllowed(config)
  const failed = (what: string) => (error: unknown) => {
    logger.error({ error: String(error) }, `${what} failed`)
  }
  return {
    startMailDelivery,
    startLogos: (options) =>
      startLogos(database, { ...{ outboundAllow, ...options }, onError: failed('fetching logos') }),
    startLogoutDelivery: (options) =>
      startLogoutDelivery({
        ...{ database, outboundAllow, ...options },
        logoutRequest: (notice) => oidc.logoutRequest(notice),
        onOutcome: (outcome) => metrics.logoutNotices.inc({ outcome }),
        onQueue: (queue) => metrics.observeLogoutQueue(queue),
        onError: failed('delivering logout notices'),
      }),
  }
}
