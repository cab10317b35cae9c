import { setTimeout as sleep } from 'node:timers/promises'
import type { Instance } from './instance.ts'
import type { Journal } from './journal.ts'
import type { PlannedFault } from './plan.ts'
import type { Moment, Proxy } from './proxy.ts'
import type { ReceiverMood } from './receiver.ts'
import type { Stage } from './stage.ts'

type Fault = (stage: Stage, planned: PlannedFault, journal: Journal) => Promise<string>

/** How each kind of fault is brought about, and ended. Each says in a few words what it came to. */
const faults: Record<string, Fault> = {
  kill: (stage, { instances, forMs }) => onEach(stage, instances.slice(0, 1), (one) => one.kill(forMs)),
  stop: (stage, { instances }) => onEach(stage, instances.slice(0, 1), (one) => one.stop()),
  pause: (stage, { instances, forMs }) => onEach(stage, instances, (one) => one.pause(forMs)),
  clock(stage, { instances: [instance = 0], amount }) {
    stage.instances[instance]?.setClock(amount)
    return Promise.resolve(`instance ${instance} ${amount} ms`)
  },
  async storm(stage, { amount }) {
    for (let turn = 0; turn < amount; turn += 1) await stage.instances[turn % 2]?.stop()
    return `${amount} stops, one after the other`
  },

  slow: (stage, planned) => during(stage.backs, planned, (proxy, is) => proxy.delay(is ? planned.amount : 0)),
  hang: (stage, planned) => during(stage.backs, planned, (proxy, is) => proxy.hold(is)),
  down: (stage, planned) => during(stage.backs, planned, (proxy, is) => proxy.refuse(is)),
  cut: (stage, { instances }) => {
    const cut = chosen(stage.backs, instances).reduce((sum, proxy) => sum + proxy.cut(), 0)
    return Promise.resolve(`${cut} connections`)
  },
  commit_before: (stage, planned) => cutCommits(stage, planned, 'before'),
  commit_after: (stage, planned) => cutCommits(stage, planned, 'after'),
  disk_full: ({ database }, { forMs }) => whileIt(database.fillDisk(), forMs),
  read_only: ({ database }, { forMs }) => whileIt(database.forbidWrites(), forMs),
  async restart({ database }) {
    await database.restart()
    return 'immediate'
  },

  client_cut(stage, { instances }, journal) {
    const at = journal.now()
    const cut = chosen(stage.fronts, instances).reduce((sum, proxy) => sum + proxy.cut(), 0)
    excuse(journal, instances, 'cut', at)
    return Promise.resolve(`${cut} connections`)
  },
  async client_hang(stage, planned, journal) {
    const at = journal.now()
    const said = await during(stage.fronts, planned, (proxy, is) => proxy.hold(is))
    excuse(journal, planned.instances, 'held', at)
    return said
  },
  // No excuse: what it adds to an answer is within what a busy machine may.
  client_slow: (stage, planned) =>
    during(stage.fronts, planned, (proxy, is) => proxy.delay(is ? planned.amount : 0)),
  receiver_hang: (stage, planned) => receive(stage, planned, 'hangs'),
  receiver_500: (stage, planned) => receive(stage, planned, 'fails'),
  receiver_refuse: (stage, planned) => receive(stage, planned, 'refuses'),
}

/**
 * Carries out a plan, each lane by itself, and resolves when the last fault is over. What has not begun after `forMs` milliseconds,
 * because what came before took longer than planned, is left out.
 */
export async function inflict(
  stage: Stage,
  plan: readonly PlannedFault[],
  { forMs, journal }: { forMs: number; journal: Journal },
): Promise<void> {
  const startedAt = journal.now()
  const lanes = Map.groupBy(plan, ({ lane }) => lane)
  const playing = [...lanes.values()].map(async (lane) => {
    let restUntil = 0
    for (const planned of lane) {
      await sleep(Math.max(0, startedAt + planned.atMs - journal.now(), restUntil - journal.now()))
      const at = journal.now()
      if (at > startedAt + forMs) break
      const detail = (await faults[planned.kind]?.(stage, planned, journal)) ?? 'unknown'
      journal.add({ type: 'fault', kind: planned.kind, at, endedAt: journal.now(), detail })
      restUntil = journal.now() + planned.restMs
    }
  })
  await Promise.all(playing)
}

async function onEach(
  { instances }: Stage,
  which: readonly number[],
  strike: (instance: Instance) => Promise<unknown>,
): Promise<string> {
  await Promise.all(chosen(instances, which).map(strike))
  return `instance ${which.join(' and ')}`
}

async function during(
  proxies: readonly Proxy[],
  { instances, forMs, amount }: PlannedFault,
  set: (proxy: Proxy, is: boolean) => void,
): Promise<string> {
  for (const proxy of chosen(proxies, instances)) set(proxy, true)
  await sleep(forMs)
  for (const proxy of chosen(proxies, instances)) set(proxy, false)
  return `instance ${instances.join(' and ')} ${amount > 0 ? `${amount} ms` : ''}`.trim()
}

async function cutCommits(
  stage: Stage,
  { instances, forMs, amount }: PlannedFault,
  moment: Moment,
): Promise<string> {
  const cutting = chosen(stage.backs, instances).map((proxy) => proxy.cutCommits(amount, moment))
  await sleep(forMs)
  return `${cutting.reduce((sum, one) => sum + one.stop(), 0)} connections`
}

async function whileIt(begun: Promise<() => Promise<void>>, forMs: number): Promise<string> {
  const end = await begun
  await sleep(forMs)
  await end()
  return `${forMs} ms`
}

async function receive({ receiver }: Stage, { forMs }: PlannedFault, mood: ReceiverMood): Promise<string> {
  receiver.behave(mood)
  await sleep(forMs)
  receiver.behave('answers')
  return `${forMs} ms`
}

function excuse(journal: Journal, instances: readonly number[], why: 'cut' | 'held', from: number): void {
  for (const instance of instances) journal.add({ type: 'window', instance, why, from, to: journal.now() })
}

function chosen<T>(all: readonly T[], which: readonly number[]): T[] {
  return all.filter((_, nth) => which.includes(nth))
}
