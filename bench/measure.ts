import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from './contender.ts'
import type { BenchDatabase } from './database.ts'
import { runLoad } from './load.ts'
import type { Plan } from './options.ts'
import { LANES } from './scenarios.ts'
import type { Scenario, Stretch } from './scenarios.ts'
import { spreadOf } from './statistics.ts'
import type { Spread } from './statistics.ts'

/** A contender in one round. */
type Score = {
  requests: number
  seconds: number
  cpuMs: number
  statements: number
  roundTrips: number
  walBytes: number
}

export type Result = {
  title: string
  rounds: number
  /** Requests a second, ours to the bare engine's, round by round. */
  throughput: Spread
  /** Processor time of the server's process for one request, ours to the bare engine's. */
  cpu: Spread
  statements: number
  roundTrips: number
  walBytes: number
}

/** Fewer say too little about the spread, and shorter ones too little at all. */
const FEWEST_ROUNDS = 5
const FEWEST_REQUESTS = 100

/**
 * Runs a scenario against both, in turns and each time in the other order, so that what the machine does meanwhile falls on
 * both. Rounds are shortened, and at last left out, to keep within the budget on a slow machine.
 */
export async function measure(
  scenario: Scenario,
  { ours, bare, database, plan }: { ours: Contender; bare: Contender; database: BenchDatabase; plan: Plan },
): Promise<Result> {
  const next = { ours: await scenario.open(ours), bare: await scenario.open(bare) }
  const planned = Math.ceil(scenario.requests * plan.scale)
  const startedAt = Date.now()
  const play = (one: Contender, requests: number) => playRound(one, next[one.name], requests, database)
  for (const one of [bare, ours]) await play(one, planned)
  const left = Math.max(0, startedAt + plan.scenarioMs - Date.now())
  const affordable = (planned * left) / (Date.now() - startedAt) / plan.rounds
  const requests = Math.min(planned, Math.max(FEWEST_REQUESTS, Math.floor(affordable)))

  const scores: { ours: Score; bare: Score }[] = []
  const isEnough = () => scores.length >= FEWEST_ROUNDS && Date.now() > startedAt + plan.scenarioMs
  while (scores.length < plan.rounds && !isEnough()) {
    const round: Partial<Record<Contender['name'], Score>> = {}
    for (const one of scores.length % 2 === 0 ? [ours, bare] : [bare, ours])
      round[one.name] = await play(one, requests)
    scores.push(round as { ours: Score; bare: Score })
  }
  const rate = ({ requests: count, seconds }: Score) => count / seconds
  const cpu = ({ requests: count, cpuMs }: Score) => cpuMs / count
  const each = (figure: (score: Score) => number) =>
    spreadOf(scores.map((score) => figure(score.ours) / score.ours.requests)).median
  return {
    title: scenario.title,
    rounds: scores.length,
    throughput: spreadOf(scores.map((score) => rate(score.ours) / rate(score.bare))),
    cpu: spreadOf(scores.map((score) => cpu(score.ours) / cpu(score.bare))),
    statements: each((score) => score.statements),
    roundTrips: each((score) => score.roundTrips),
    walBytes: each((score) => score.walBytes),
  }
}

async function playRound(
  one: Contender,
  next: (wanted: number) => Promise<Stretch>,
  requests: number,
  database: BenchDatabase,
): Promise<Score> {
  const score: Score = { requests: 0, seconds: 0, cpuMs: 0, statements: 0, roundTrips: 0, walBytes: 0 }
  while (score.requests < requests) {
    const stretch = await next(requests - score.requests)
    // What the preparation left to do (writes after the answer, garbage) is not the stretch's.
    await sleep(10)
    const wal = await database.walBytes()
    const before = await one.usage()
    score.seconds += await runLoad({ port: one.port, lanes: LANES, ...stretch })
    const after = await one.usage()
    score.walBytes += (await database.walBytes()) - wal
    score.requests += stretch.requests
    score.cpuMs += after.cpuMs - before.cpuMs
    score.statements += after.statements - before.statements
    score.roundTrips += after.roundTrips - before.roundTrips
  }
  return score
}
