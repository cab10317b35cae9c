import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from '../cluster.ts'
import { until } from '../wait.ts'

/** How long a killed machine stays away: longer than the leader's time to live, so that the standby takes over. */
const MACHINE_AWAY_MS = 15_000
const CALM_MS = 5000

/** What goes wrong, by name. */
export const rounds = {
  /** Nothing. */
  async calm() {
    await sleep(CALM_MS)
  },
  /** The primary's PostgreSQL crashes. */
  async primary({ postgres }: Cluster) {
    const primary = await primaryOf(postgres)
    primary.killPostgres()
    await until('another primary', async () => {
      const now = await postgres.primary()
      return now !== null && now !== primary
    })
  },
  /** The primary's machine: PostgreSQL and its Patroni at once. */
  async machine({ postgres }: Cluster) {
    const primary = await primaryOf(postgres)
    primary.patroni.signal('SIGKILL', MACHINE_AWAY_MS)
    primary.killPostgres()
    await sleep(MACHINE_AWAY_MS)
  },
  /** The standby: until it is struck off, commits wait for it. */
  async standby({ postgres }: Cluster) {
    const primary = await primaryOf(postgres)
    postgres.nodes.find((node) => node !== primary)?.killPostgres()
    await sleep(CALM_MS)
  },
  /** One instance crashes. */
  async instance({ instances }: Cluster) {
    instances[0]?.program.signal('SIGKILL')
    await sleep(CALM_MS)
  },
  /** Every instance is replaced, one after the other: an update. */
  async rolling({ instances }: Cluster) {
    for (const instance of instances) {
      instance.program.signal('SIGTERM')
      await until('it stops', async () => !(await instance.isReady()))
      await until('it is back', () => instance.isReady())
    }
  },
  /** PgBouncer crashes. */
  async pgbouncer({ pgbouncer }: Cluster) {
    pgbouncer.signal('SIGKILL')
    await sleep(CALM_MS)
  },
  /** HAProxy reads its settings anew. */
  async reload({ haproxy }: Cluster) {
    haproxy.signal('SIGUSR2')
    await sleep(CALM_MS)
  },
} satisfies Record<string, (cluster: Cluster) => Promise<void>>

export type RoundName = keyof typeof rounds

async function primaryOf(postgres: Cluster['postgres']) {
  const primary = await postgres.primary()
  if (!primary) throw new Error('there is no primary')
  return primary
}
