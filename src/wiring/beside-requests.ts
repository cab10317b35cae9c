import {
  askForPushes,
  askForRelay,
  deliverLogouts,
  pushToWebhooks,
  relayToBroker,
  sendMails,
  testWebhooks,
} from '../events/index.ts'
import {
  auditRetention,
  clearingRevocations,
  fetchLogos,
  keyRotation,
  startWatchingQueue,
  startWatchingStorage,
  sweeping,
} from '../jobs/index.ts'
import { askForSignalPushes } from '../signals/index.ts'
import { createHands, startWorker } from '../queue/index.ts'
import type { Pool } from '../db/index.ts'
import type { createMailing } from './mailing.ts'
import { networksAllowed } from './outbound.ts'
import type { PartsWithEngine } from './parts.ts'
import { signalWork } from './signals.ts'
import { keySchedule } from './signing-keys.ts'
import { sweeps } from './sweeps.ts'
import { tellTrouble } from './tell-trouble.ts'

/** Of a process's jobs so many at once may be for receivers of events, who may all be slow. */
const HANDS_FOR_RECEIVERS = 4

export type WorkerOptions = {
  /** Connections of the worker's own; the process's, when left out. */
  pool?: Pool
  /** The names of the kinds of jobs it does; all, when left out. */
  only?: readonly string[]
  concurrency?: number
  tendMs?: number
  pollMs?: number
}

/** What goes on beside the requests, each ready to be started; starting returns how to stop. */
export type BesideRequests = {
  /** Does the jobs of the queue. */
  startWorker: (options?: WorkerOptions) => () => Promise<void>
  /** Tells the metrics how the queue stands. */
  startWatchingQueue: (options?: { everyMs?: number }) => () => Promise<void>
  /** Tells the metrics how what is kept stands. */
  startWatchingStorage: (options?: { everyMs?: number }) => () => Promise<void>
  /** New events are final: receivers are to be told. */
  onSealed: () => Promise<void>
}

/** Wires what goes on beside the requests. Nothing is started yet. */
export function besideRequests(
  parts: PartsWithEngine,
  { mailDelivery }: ReturnType<typeof createMailing>,
): BesideRequests {
  const { database, logger, metrics } = parts
  const relay = brokerRelay(parts)
  const work = [...allWork(parts, mailDelivery), ...(relay ? [relay.work] : [])]
  const tell = (error: unknown, what: string) => tellTrouble(logger, error, what)
  const onLook = (look: string, trouble: unknown) => {
    metrics.observeLook(look, trouble === null)
    if (trouble !== null) tell(trouble, `looking at ${look} failed`)
  }
  return {
    startWorker({ pool = database.pool, only, ...options } = {}) {
      const stop = startWorker({
        ...{ pool, ...options },
        work: only ? work.filter(({ task }) => only.includes(task.name)) : work,
        onDone: (task) => metrics.jobs.inc({ task, outcome: 'done' }),
        onFailure({ task, jobId, attempt, isLast, error }) {
          metrics.jobs.inc({ task, outcome: isLast ? 'given_up' : 'failed' })
          logger.error({ task, jobId, attempt, isLast, error: String(error) }, 'a job failed')
        },
        onTrouble: (error) => tell(error, 'the worker is in trouble'),
      })
      return async () => {
        await stop()
        await relay?.close()
      }
    },
    startWatchingQueue: (options) =>
      startWatchingQueue(database, {
        ...options,
        onJobs: metrics.observeJobs,
        onMails: metrics.observeMailQueue,
        onLogouts: metrics.observeLogoutQueue,
        onReceivers: metrics.observeReceivers,
        onStreams: metrics.observeStreams,
        onLook,
      }),
    startWatchingStorage: (options) =>
      startWatchingStorage(database, {
        ...options,
        sweeps,
        rotationSeconds: keySchedule(parts.config).everySeconds,
        onState: metrics.observeStorage,
        onLook,
      }),
    async onSealed() {
      const asking = [askForPushes(database), askForSignalPushes(database)]
      if (relay) asking.push(askForRelay(database))
      for (const asked of await Promise.allSettled(asking))
        if (asked.status === 'rejected') tell(asked.reason, 'asking for a push failed')
    },
  }
}

function allWork(parts: PartsWithEngine, mailDelivery: Parameters<typeof sendMails>[0]) {
  const { config, database, sealer, logger, metrics, oidc } = parts
  const outboundAllow = networksAllowed(config)
  const hands = createHands(HANDS_FOR_RECEIVERS)
  const webhooks = {
    ...{ database, sealer, outboundAllow },
    onOutcome: (outcome: 'delivered' | 'failed') => metrics.webhooks.inc({ outcome }),
  }
  return [
    deliverLogouts({
      ...{ database, outboundAllow },
      logoutRequest: (notice) => oidc.logoutRequest(notice),
      onOutcome: (outcome) => metrics.logoutNotices.inc({ outcome }),
    }),
    sendMails(mailDelivery),
    pushToWebhooks({ ...webhooks, hands }),
    testWebhooks(webhooks),
    signalWork(parts, hands),
    fetchLogos(database, { outboundAllow }),
    clearingRevocations(database),
    keyRotation({ database, sealer }, keySchedule(config), (algorithms) =>
      logger.info({ algorithms }, 'new signing keys were announced'),
    ),
    auditRetention({ database, sealer }, config.audit.retentionDays),
    sweeping(database, sweeps),
  ]
}

/** What tells the message broker, where there is one. */
function brokerRelay({ config: { broker, issuer }, database, logger, metrics }: PartsWithEngine) {
  if (broker === null) return null
  return relayToBroker({
    ...{ database, broker, issuer },
    onOutcome: (outcome, events) => metrics.brokerEvents.inc({ outcome }, events),
    onTrouble: (reason) => logger.warn({ reason }, 'the message broker was not told; it will be'),
  })
}
