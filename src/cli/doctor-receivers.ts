import type { Config } from '../config/index.ts'
import type { Database } from '../db/index.ts'
import { receiverStatistics } from '../receivers/index.ts'
import type { ReceiverStatistics } from '../receivers/index.ts'
import type { Finding } from './finding.ts'

/** Seconds that what happened may wait to be told to the broker while nothing fails. */
const MOST_LAG_SECONDS = 300
const DAY = 86_400

/** Whether those outside are told what happens. Nothing where nobody is to be told. Needs a schema that is up to date. */
export async function examineReceivers(
  { prisma }: Database,
  { broker, audit }: Pick<Config, 'broker' | 'audit'>,
): Promise<Finding[]> {
  const statistics = await receiverStatistics(prisma)
  return [
    ...(statistics.webhooks.length > 0 ? [webhooks(statistics.webhooks)] : []),
    ...(broker !== null ? [relay(statistics.broker)] : []),
    // The place of a broker that is configured no more is kept, and held against nobody.
    ...forgotten({ ...statistics, ...(broker === null ? { broker } : {}) }, audit.retentionDays),
  ]
}

/** What retention removes, nobody is told any more: with a tenth of the time left it is time to say so. */
function forgotten({ webhooks: all, broker }: ReceiverStatistics, retentionDays: number): Finding[] {
  const most = retentionDays * DAY * 0.9
  const behind = [
    ...all.map(({ id, lagSeconds }) => ({ name: `webhook ${id}`, lagSeconds })),
    { name: 'the broker', lagSeconds: broker?.lagSeconds ?? 0 },
  ].filter(({ lagSeconds }) => retentionDays > 0 && lagSeconds > most)
  if (behind.length === 0) return []
  const named = behind.map(({ name, lagSeconds }) => `${name} is ${Math.floor(lagSeconds / DAY)} days behind`)
  return [
    {
      ...{ what: 'retention', ok: false, said: `removes what was not told: ${named.join(', ')}` },
      remedy: 'Let it answer again or disable it, or raise CARDEA_AUDIT_RETENTION_DAYS meanwhile.',
    },
  ]
}

function webhooks(all: ReceiverStatistics['webhooks']): Finding {
  const of = (state: string) => all.filter((one) => one.state === state)
  const said = (['active', 'failing', 'paused'] as const)
    .filter((state) => of(state).length > 0)
    .map((state) => `${of(state).length} ${state}`)
    .join(', ')
  const paused = of('paused').map(({ id }) => `cardea webhooks resume ${id}`)
  return paused.length === 0
    ? { what: 'webhooks', ok: true, said }
    : { what: 'webhooks', ok: false, said, remedy: ['Once they answer again:', ...paused].join('\n') }
}

function relay(state: ReceiverStatistics['broker']): Finding {
  const what = 'broker'
  if (state === null) return { what, ok: true, said: 'not told anything yet: the first worker begins' }
  const { failingSince, lastError, lagSeconds } = state
  const behind = `${Math.round(lagSeconds)} s behind`
  if (failingSince)
    return {
      what,
      ok: false,
      said: `nothing can be published since ${failingSince.toISOString()} (${lastError ?? 'unknown'}), ${behind}`,
      remedy: 'docs/events.md says what the word means. Nothing is lost meanwhile.',
    }
  return lagSeconds <= MOST_LAG_SECONDS
    ? { what, ok: true, said: behind }
    : { what, ok: false, said: behind, remedy: 'Does a worker run (CARDEA_JOBS, cardea worker)?' }
}
