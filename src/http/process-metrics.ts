import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

/** The database pool as it is right now. */
export interface PoolState {
  total: number
  idle: number
  waiting: number
}

/** How busy the hashing of passwords is, and how often it has said no since the process began. */
export interface HashingState {
  active: number
  waiting: number
  refused: number
}

const RESOLUTION_MS = 20

/** Metrics of what is scarce in a process: connections, the hashing of passwords, its one thread. All are asked at each scrape. */
export function processMetrics(
  registry: Registry,
  {
    databasePool,
    hashing = () => ({ active: 0, waiting: 0, refused: 0 }),
  }: { databasePool: () => PoolState; hashing?: (() => HashingState) | undefined },
): { passwordsRefused: Counter } {
  const registers = [registry]
  new Gauge({
    name: 'database_pool',
    help: 'Database connections by state, and requests waiting for one',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(databasePool())) this.set({ state }, Number(count))
    },
  })
  new Gauge({
    name: 'password_hashing',
    help: 'Passwords being hashed or compared, and those waiting for their turn',
    labelNames: ['state'],
    registers,
    collect() {
      const { active, waiting } = hashing()
      this.set({ state: 'running' }, active)
      this.set({ state: 'waiting' }, waiting)
    },
  })
  let told = 0
  const passwordsRefused = new Counter({
    name: 'password_hashing_refused_total',
    help: 'Passwords turned away because too many were being hashed',
    registers,
    collect() {
      const { refused } = hashing()
      this.inc(refused - told)
      told = refused
    },
  })
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  new Gauge({
    name: 'event_loop_delay_seconds',
    help: 'What the slowest hundredth of turns of the event loop was late by since the last scrape; of several processes the worst',
    registers,
    // One process that hangs must not hide behind others that do not.
    aggregator: 'max',
    collect() {
      const late = Math.max(0, delays.percentile(99) / 1e9 - RESOLUTION_MS / 1000)
      this.set(Number.isFinite(late) ? late : 0)
      delays.reset()
    },
  })
  return { passwordsRefused }
}
