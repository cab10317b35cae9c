import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

type Waiting = { lagSeconds: number; failingSince: Date | null }

/** How those outside are who are told what happens; the same in every process, because it is read from the database. */
type Receivers = { webhooks: readonly (Waiting & { state: string })[]; broker: Waiting | null }

const states = ['active', 'failing', 'paused'] as const

/** Metrics of webhooks and of the message broker. Lags are of the slowest, in seconds. */
export function receiverMetrics(registry: Registry): {
  brokerEvents: Counter<'outcome'>
  observeReceivers: (receivers: Receivers) => void
} {
  const registers = [registry]
  // Read from the database, and so the same wherever it is read: not to be added up.
  const shared = { registers, aggregator: 'max' as const }
  const brokerEvents = new Counter({
    name: 'broker_events_total',
    help: 'Events relayed to the message broker by outcome: published is confirmed by it, also what unroutable counts: no queue takes it',
    labelNames: ['outcome'] as const,
    registers,
  })
  const endpoints = new Gauge({
    name: 'webhook_endpoints',
    help: 'Webhooks by state; paused ones wait for an operator',
    labelNames: ['state'] as const,
    ...shared,
  })
  const lag = new Gauge({
    name: 'webhook_lag_seconds',
    help: 'How old the oldest event is that a webhook of this state is still to be told of',
    labelNames: ['state'] as const,
    ...shared,
  })
  const brokerLag = new Gauge({
    name: 'broker_lag_seconds',
    help: 'How old the oldest event is that the message broker is still to be told of',
    ...shared,
  })
  const brokerFailing = new Gauge({
    name: 'broker_failing',
    help: '1 while nothing can be published to the message broker',
    ...shared,
  })
  return {
    brokerEvents,
    observeReceivers({ webhooks, broker }) {
      for (const state of states) {
        const those = webhooks.filter((one) => one.state === state)
        endpoints.set({ state }, those.length)
        lag.set({ state }, Math.max(0, ...those.map(({ lagSeconds }) => lagSeconds)))
      }
      brokerLag.set(broker?.lagSeconds ?? 0)
      brokerFailing.set(broker?.failingSince ? 1 : 0)
    },
  }
}
