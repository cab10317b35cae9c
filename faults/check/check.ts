import type { Entry } from '../journal.ts'
import { nobodyDies, noticesArrive, recovers } from './aftermath.ts'
import { answeredInTime, onlyHonestFailures } from './answers.ts'
import { drainsWell } from './draining.ts'
import { endedStaysEnded } from './ended.ts'
import { factsOf } from './facts.ts'
import type { Facts } from './facts.ts'
import { livingWorks } from './living.ts'
import { eventsArrive } from './told.ts'
import { codesWorkOnce, familiesHaveOneMember } from './once.ts'

/** What is promised, in milliseconds. */
export type Limits = {
  deadlineMs: number
  /** What a busy machine may add to a deadline. */
  airMs: number
  /** How long a process that was told to stop goes on accepting connections. */
  doorMs: number
  recoveryMs: number
  /** In which a notice arrives after the faults have stopped. */
  noticesMs: number
  /** In which a rotated refresh token may be sent again. */
  retryWindowMs: number
}

export type Violation = { invariant: string; what: string }

/** Each promise in the words of the report, and how it is checked. */
const invariants: Record<string, (facts: Facts, limits: Limits) => string[]> = {
  'a code works at most once': codesWorkOnce,
  'a refresh token family has one living member': familiesHaveOneMember,
  'nothing works after its acknowledged end': endedStaysEnded,
  'what was handed out works until it expires or is ended': livingWorks,
  'no 5xx but 503, and that says when to come again': onlyHonestFailures,
  'every request is answered within the deadline': answeredInTime,
  'who is told to stop answers whom it lets in': drainsWell,
  'no process ends by itself, nor badly when asked': nobodyDies,
  'it recovers by itself once the faults stop': recovers,
  'every acknowledged end is told at least once': noticesArrive,
  'every acknowledged change is told to the webhook, in order': eventsArrive,
}

export const invariantNames = Object.keys(invariants)

/** Looks through a journal for everything that breaks a promise. Pure: the same journal has the same violations. */
export function check(entries: readonly Entry[], limits: Limits): Violation[] {
  const facts = factsOf(entries)
  return Object.entries(invariants).flatMap(([invariant, broken]) =>
    broken(facts, limits).map((what) => ({ invariant, what })),
  )
}
