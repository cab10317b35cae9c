import { SIGNALS_SCOPES } from '../clients/index.ts'
import type { Config } from '../config/index.ts'
import type { Database } from '../db/index.ts'
import { countStreams, receiversAboutToMiss, receiverStatistics } from '../receivers/index.ts'
import type { ReceiverStatistics, StreamCount } from '../receivers/index.ts'
import type { Finding } from './finding.ts'

/** Seconds that what happened may wait to be told to the broker while nothing fails. */
const MOST_LAG_SECONDS = 300

/** Whether those outside are told what happens. Nothing where nobody is to be told. Needs a schema that is up to date. */
export async function examineReceivers(
  { prisma }: Database,
  { broker, audit: { retentionDays } }: Pick<Config, 'broker' | 'audit'>,
): Promise<Finding[]> {
  const statistics = await receiverStatistics(prisma)
  const alive = (await countStreams(prisma, SIGNALS_SCOPES)).filter(({ status }) => status !== 'disabled')
  // 0: events are kept for good.
  const late = retentionDays === 0 ? [] : await missing(prisma, retentionDays, broker !== null)
  return [
    ...(statistics.webhooks.length > 0 ? [webhooks(statistics.webhooks)] : []),
    ...(alive.length > 0 ? [streams(alive)] : []),
    ...(broker !== null ? [relay(statistics.broker)] : []),
    ...(late.length > 0 ? [aboutToMiss(late)] : []),
  ]
}

/** Days before what they wait for is gone in which somebody can still do something about it. */
const WARNING_DAYS = 2

async function missing(db: Database['prisma'], retentionDays: number, hasBroker: boolean): Promise<string[]> {
  const late = await receiversAboutToMiss(db, { retentionDays, withinDays: WARNING_DAYS })
  return late.filter((who) => who !== 'broker' || hasBroker)
}

function aboutToMiss(who: readonly string[]): Finding {
  return {
    ...{ what: 'receivers that are behind', ok: false, said: who.join(', ') },
    remedy: `What they are still to hear is about to leave the audit (CARDEA_AUDIT_RETENTION_DAYS). Mend or delete them, or keep events longer.`,
  }
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

/** A push is tried again within an hour; whoever polls does so more often. */
const MOST_WAIT_SECONDS = 3600

function streams(all: readonly StreamCount[]): Finding {
  const what = 'streams'
  const said = all
    .map(({ method, status, streams: count }) => `${count} ${status} (${method})`)
    .sort()
    .join(', ')
  // That a paused one is not told is somebody's wish.
  const late = all.filter(
    ({ status, oldestSeconds }) => status === 'enabled' && oldestSeconds > MOST_WAIT_SECONDS,
  )
  if (late.length === 0) return { what, ok: true, said }
  const waits = late.map(({ method, oldestSeconds }) => `${method} for ${Math.floor(oldestSeconds / 3600)} h`)
  return {
    ...{ what, ok: false, said: `${said}; events wait: ${waits.sort().join(', ')}` },
    remedy:
      '`cardea streams list` says of which, and the last error. Does the receiver still poll, or answer? If it is gone for good: `cardea streams delete`.',
  }
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
    : {
        what,
        ok: false,
        said: behind,
        remedy: 'Does a worker run (CARDEA_JOBS, cardea worker), and is the audit sealed (above)?',
      }
}
