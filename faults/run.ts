import { setTimeout as sleep } from 'node:timers/promises'
import { noticesArrive } from './check/aftermath.ts'
import { check } from './check/check.ts'
import type { Violation } from './check/check.ts'
import { factsOf } from './check/facts.ts'
import { eventsArrive } from './check/told.ts'
import { prepare } from './clients/population.ts'
import type { Population } from './clients/population.ts'
import { inflict } from './inflict.ts'
import { createJournal } from './journal.ts'
import type { Entry, Journal } from './journal.ts'
import { limits } from './limits.ts'
import { planFaults } from './plan.ts'
import { startStage } from './stage.ts'
import type { Stage } from './stage.ts'

export type Run = {
  seed: number
  seconds: number
  entries: readonly Entry[]
  violations: Violation[]
  /** Log lines of the servers that tell of a bug: for whoever looks for the cause. */
  bugs: string[]
}

/** So many families of tokens are tried once more at the end. */
const VERIFIED = 250

/**
 * Lets things go wrong for so many seconds, waits until all is well again, and gives the journal and what in it breaks a promise.
 * Stops everything it started. `say` is told how far it is.
 */
export async function runFaults(
  { seed, seconds }: { seed: number; seconds: number },
  say: (line: string) => void = () => undefined,
): Promise<Run> {
  const journal = createJournal()
  const stage = await startStage(journal)
  try {
    const population = await prepare(stage, seed, journal)
    await recovered(stage, population, journal)
    await population.hear()
    say(`${seconds} seconds of faults`)
    const over = new AbortController()
    const living = population.live(over.signal)
    const inflicting = inflict(stage, planFaults(seed, seconds), { forMs: seconds * 1000, journal })
    await Promise.all([inflicting, sleep(seconds * 1000)])
    await stage.heal()
    journal.add({ type: 'phase', phase: 'faults_stopped', at: journal.now() })
    say('the faults have stopped')
    over.abort()
    if (await recovered(stage, population, journal))
      journal.add({ type: 'phase', phase: 'recovered', at: journal.now() })
    const lived = await living
    say(`looking at ${lived.length} families of tokens again`)
    await population.verify(lived, VERIFIED)
    await heard(journal)
    await countFamilies(stage, journal)
    journal.add({ type: 'phase', phase: 'over', at: journal.now() })
  } finally {
    await stage.stop()
  }
  const bugs = stage.instances.flatMap((instance) => instance.bugs)
  return { seed, seconds, bugs, entries: journal.entries, violations: check(journal.entries, limits) }
}

/** Waits until both instances are ready and somebody new can sign in; false when that takes three times as long as it may. */
async function recovered(stage: Stage, population: Population, journal: Journal): Promise<boolean> {
  const deadline = journal.now() + limits.recoveryMs * 3
  while (journal.now() < deadline) {
    const ready = await Promise.all(stage.instances.map((instance) => instance.isReady()))
    if (!ready.includes(false) && (await population.canSignIn())) return true
    await sleep(100)
  }
  return false
}

/** Waits until everybody has heard what they were owed, or may no more. */
async function heard(journal: Journal): Promise<void> {
  const until = (factsOf(journal.entries).stoppedAt ?? 0) + limits.noticesMs
  const isHeard = () => {
    const facts = factsOf(journal.entries)
    return noticesArrive(facts, limits).length === 0 && eventsArrive(facts, limits).length === 0
  }
  while (journal.now() < until && !isHeard()) await sleep(500)
}

async function countFamilies({ database }: Stage, journal: Journal): Promise<void> {
  const rows = await database.query<{ id: string; living: number }>(
    `SELECT left(grant_id, 8) AS id, count(*)::int AS living FROM tokens WHERE kind = 'RefreshToken'
      AND consumed_at IS NULL AND revoked_at IS NULL AND grant_id IS NOT NULL GROUP BY grant_id`,
  )
  for (const row of rows) journal.add({ type: 'family', ...row })
}
