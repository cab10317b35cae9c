import type { Middleware } from 'koa'
import { AggregatorRegistry, collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { mailMetrics } from './mail-metrics.ts'
import { processMetrics } from './process-metrics.ts'
import type { HashingState, PoolState } from './process-metrics.ts'
import { receiverMetrics } from './receiver-metrics.ts'
import { storageMetrics } from './storage-metrics.ts'

/** What the process counts, for Prometheus. Label values come from bounded sets only, never from a request's text. */
interface Metrics
  extends
    ReturnType<typeof mailMetrics>,
    ReturnType<typeof receiverMetrics>,
    ReturnType<typeof storageMetrics>,
    ReturnType<typeof processMetrics> {
  registry: Registry
  signIns: Counter<'outcome' | 'factor'>
  tokensIssued: Counter<'grant_type'>
  revocations: Counter<'selector' | 'reason'>
  logoutNotices: Counter<'outcome'>
  breachedPasswords: Counter<'outcome'>
  securityEvents: Counter<'method' | 'outcome'>
  /** Notes how many streams of security events there are, and what waits in them. */
  observeStreams: (
    counted: readonly {
      method: string
      status: string
      streams: number
      waiting: number
      oldestSeconds: number
    }[],
  ) => void
  /** Notes how many notices wait for their relying party, and for how long the oldest has. */
  observeLogoutQueue: (queue: { waiting: number; oldestSeconds: number }) => void
  /** Tries of jobs: done, failed (it is tried again), given_up. */
  jobs: Counter<'task' | 'outcome'>
  /** Notes how the queue stands, each kind of job by itself. */
  observeJobs: (
    tasks: readonly {
      task: string
      due: number
      waiting: number
      running: number
      failed: number
      oldestSeconds: number
      runningSeconds: number
    }[],
  ) => void
  webhooks: Counter<'outcome'>
  /** Counts every request that passes it; stands behind `requestContext`, which gives the route its label. */
  /** How many blocks there are of each kind, and whether passwords are being tried on all users. */
  observeBlocks: (counted: { blocks: { kind: string; count: number }[]; alarm: boolean }) => void
  observeRequests: Middleware
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Makes a registry of its own with the process's default metrics. What it is given is asked at each scrape. */
export function createMetrics(asked: {
  databasePool: () => PoolState
  hashing?: () => HashingState
}): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const labelNames = ['route', 'method', 'status'] as const

  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests answered',
    labelNames,
    registers,
  })
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time until the answer was sent',
    labelNames,
    registers,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  })
  const signIns = new Counter({
    name: 'sign_ins_total',
    help: 'Steps of sign-ins by outcome and factor; completed ones by the strongest that was proven',
    labelNames: ['outcome', 'factor'] as const,
    registers,
  })
  const tokensIssued = new Counter({
    name: 'tokens_issued_total',
    help: 'Token responses by grant type',
    labelNames: ['grant_type'] as const,
    registers,
  })
  const revocations = new Counter({
    name: 'revocations_total',
    help: 'Revocations by whose access they ended, and why',
    labelNames: ['selector', 'reason'] as const,
    registers,
  })
  const logoutNotices = new Counter({
    name: 'logout_notices_total',
    help: 'Attempts to deliver a back-channel logout by outcome',
    labelNames: ['outcome'] as const,
    registers,
  })
  const breachedPasswords = new Counter({
    name: 'breached_password_checks_total',
    help: 'New passwords looked up in the list of leaked ones by outcome; failed ones were let through',
    labelNames: ['outcome'] as const,
    registers,
  })
  const securityEvents = new Counter({
    name: 'security_events_total',
    help: 'Security events by how they were delivered and outcome; failed ones are sent again',
    labelNames: ['method', 'outcome'] as const,
    registers,
  })
  // Read from the database, and so the same wherever it is read: not to be added up.
  const shared = { registers, aggregator: 'max' as const }
  const byStream = { labelNames: ['method', 'status'] as const, ...shared }
  const streams = new Gauge({
    name: 'security_event_streams',
    help: 'Streams of security events, of all instances',
    ...byStream,
  })
  const streamEvents = new Gauge({
    name: 'security_events_waiting',
    help: 'Security events that no receiver took yet',
    ...byStream,
  })
  const oldestStreamEvent = new Gauge({
    name: 'security_events_oldest_seconds',
    help: 'How long the oldest of them has waited, or what no enabled stream has got as far as',
    ...byStream,
  })
  const logoutsWaiting = new Gauge({
    name: 'logout_notices_waiting',
    help: 'Back-channel logouts not delivered yet, of all instances',
    ...shared,
  })
  const oldestLogout = new Gauge({
    name: 'logout_notices_oldest_seconds',
    help: 'How long the oldest of them has waited',
    ...shared,
  })
  const jobs = new Counter({
    name: 'queue_attempts_total',
    help: 'Attempts at jobs by outcome: done, failed and to be tried again, given up',
    labelNames: ['task', 'outcome'] as const,
    registers,
  })
  const jobsNow = new Gauge({
    name: 'queue_jobs',
    help: 'Jobs in the queue by state, of all instances; due ones are part of the waiting, failed ones are kept for an operator',
    labelNames: ['task', 'state'] as const,
    ...shared,
  })
  const oldestJob = new Gauge({
    name: 'queue_oldest_due_seconds',
    help: 'For how long the oldest due job of its kind has waited to be begun',
    labelNames: ['task'] as const,
    ...shared,
  })
  const oldestTry = new Gauge({
    name: 'queue_oldest_running_seconds',
    help: 'For how long the job of its kind that was begun first has been under way',
    labelNames: ['task'] as const,
    ...shared,
  })
  const webhooks = new Counter({
    name: 'webhooks_total',
    help: 'Attempts to deliver a webhook by outcome',
    labelNames: ['outcome'] as const,
    registers,
  })
  const blocks = new Gauge({
    name: 'throttle_blocks',
    help: 'What is blocked for too many failures, by kind, of all instances',
    labelNames: ['kind'] as const,
    ...shared,
  })
  const stuffing = new Gauge({
    name: 'throttle_credential_stuffing',
    help: '1 while passwords are being tried on all users',
    ...shared,
  })

  return {
    registry,
    ...mailMetrics(registry),
    ...receiverMetrics(registry),
    ...storageMetrics(registry),
    ...processMetrics(registry, asked),
    signIns,
    tokensIssued,
    revocations,
    logoutNotices,
    breachedPasswords,
    securityEvents,
    observeStreams(counted) {
      for (const gauge of [streams, streamEvents, oldestStreamEvent]) gauge.reset()
      for (const { method, status, ...numbers } of counted) {
        streams.set({ method, status }, numbers.streams)
        streamEvents.set({ method, status }, numbers.waiting)
        oldestStreamEvent.set({ method, status }, numbers.oldestSeconds)
      }
    },
    observeLogoutQueue({ waiting, oldestSeconds }) {
      logoutsWaiting.set(waiting)
      oldestLogout.set(oldestSeconds)
    },
    jobs,
    observeJobs(tasks) {
      jobsNow.reset()
      oldestJob.reset()
      oldestTry.reset()
      for (const { task, oldestSeconds, runningSeconds, due, waiting, running, failed } of tasks) {
        for (const [state, count] of Object.entries({ due, waiting, running, failed }))
          jobsNow.set({ task, state }, count)
        oldestJob.set({ task }, oldestSeconds)
        oldestTry.set({ task }, runningSeconds)
      }
    },
    webhooks,
    observeBlocks(counted) {
      blocks.reset()
      for (const { kind, count } of counted.blocks) blocks.set({ kind }, count)
      stuffing.set(counted.alarm ? 1 : 0)
    },
    async observeRequests(ctx, next) {
      const startedAt = performance.now()
      ctx.res.once('close', () => {
        const method = knownMethods.has(ctx.method) ? ctx.method : 'other'
        const labels = { route: ctx.state.route, method, status: String(ctx.res.statusCode) }
        requests.inc(labels)
        durations.observe(labels, (performance.now() - startedAt) / 1000)
      })
      await next()
    },
  }
}

/** What one process has counted, as it can be sent to another. */
export type Counted = object

/**
 * What processes that are gone had counted, with one more of them: their counters and histograms, which must not go back while the
 * instance lives, as Prometheus would take that for a restart. What they measured at a moment, their gauges, is gone with them.
 */
export function addDeparted(before: Counted | null, last: Counted): Counted {
  const lasting = (last as { type: string }[]).filter(({ type }) => type !== 'gauge')
  return AggregatorRegistry.aggregate([before ?? [], lasting] as never).getMetricsAsArray()
}

/**
 * Answers GET /metrics in the Prometheus text format. For the operations listener only. `others` gives what the processes beside this one
 * have counted: counters and histograms are then sums over all, and so are gauges but for averages of delays.
 */
export function metricsRoute(
  registry: Registry,
  others: () => Promise<Counted[]> = () => Promise.resolve([]),
): Middleware {
  return async function metricsRoute(ctx, next) {
    if (ctx.path === '/metrics' && (ctx.method === 'GET' || ctx.method === 'HEAD')) {
      const beside = await others()
      const all =
        beside.length === 0
          ? registry
          : AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...beside] as never)
      ctx.type = registry.contentType
      ctx.body = await all.metrics()
    } else {
      await next()
    }
  }
}
