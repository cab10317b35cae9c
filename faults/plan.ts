import { createRandom } from './random.ts'
import type { Random } from './random.ts'

/** What can happen at the same time; within a lane one thing follows the other. */
const lanes = {
  process: ['kill', 'stop', 'pause', 'clock', 'storm'],
  database: [
    ...['slow', 'hang', 'cut', 'down', 'commit_before', 'commit_after'],
    ...['disk_full', 'read_only', 'restart'],
  ],
  edge: ['client_cut', 'client_hang', 'client_slow', 'receiver_hang', 'receiver_500', 'receiver_refuse'],
} as const

export type Lane = keyof typeof lanes
export type FaultKind = (typeof lanes)[Lane][number]

export type PlannedFault = {
  lane: Lane
  kind: string
  /** Milliseconds after the start. A fault before it that took longer than planned makes it later. */
  atMs: number
  forMs: number
  /** How long its lane is left in peace after it, so that there is something to break again. */
  restMs: number
  /** Which instances it strikes. */
  instances: number[]
  /** What its kind makes of it: milliseconds of delay or of a clock step, or how many commits are cut. */
  amount: number
}

/** A hang may outlast every deadline, so that one which is missing shows. */
const LONGEST_MS: Record<string, number> = {
  ...{ pause: 5000, slow: 4000, hang: 9000, down: 3000, commit_before: 2500, commit_after: 2500 },
  ...{ disk_full: 3000, read_only: 3000, client_hang: 2500, client_slow: 3000 },
  ...{ receiver_hang: 5000, receiver_500: 5000, receiver_refuse: 5000, kill: 1500 },
}
/** A process lane needs most: a server has to start again. */
const REST_MS: Record<Lane, [number, number]> = {
  process: [4000, 9000],
  database: [2000, 5000],
  edge: [1000, 4000],
}
const CLOCK_STEPS_MS = [-300_000, -60_000, -10_000, 10_000, 60_000, 300_000] as const

/**
 * Everything that will go wrong in a run of so many seconds, decided by the seed alone. Every kind of a lane has its turn before
 * one comes again.
 */
export function planFaults(seed: number, seconds: number): PlannedFault[] {
  const names = Object.keys(lanes) as Lane[]
  return names
    .flatMap((lane, nth) => planLane(lane, createRandom(seed, 1000 + nth), seconds * 1000))
    .toSorted((one, other) => one.atMs - other.atMs)
}

function planLane(lane: Lane, random: Random, totalMs: number): PlannedFault[] {
  const planned: PlannedFault[] = []
  let bag: string[] = []
  let atMs = random.between(200, 1200)
  while (atMs < totalMs) {
    if (bag.length === 0) bag = random.shuffle(lanes[lane])
    const kind = bag.pop() ?? ''
    const longest = LONGEST_MS[kind] ?? 0
    const forMs = Math.round(Math.min(random.between(longest / 8, longest), totalMs - atMs))
    const restMs = Math.round(random.between(...REST_MS[lane]))
    const instances = random.pick([[0], [1], [0, 1]])
    const amount = amountOf(kind, random)
    planned.push({ lane, kind, atMs: Math.round(atMs), forMs, restMs, instances, amount })
    atMs += forMs + restMs
  }
  return planned
}

function amountOf(kind: string, random: Random): number {
  if (kind === 'clock') return random.pick(CLOCK_STEPS_MS)
  if (kind === 'slow' || kind === 'client_slow') return Math.round(random.between(10, 200))
  if (kind.startsWith('commit_')) return Math.round(random.between(2, 5))
  return kind === 'storm' ? Math.round(random.between(2, 3)) : 0
}
