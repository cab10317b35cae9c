import { randomFrom } from '../test/support/seeded.ts'

export type Random = {
  /** Below 1. */
  next(): number
  between(min: number, max: number): number
  chance(probability: number): boolean
  pick<T>(from: readonly [T, ...T[]]): T
  /** All of them, in another order. */
  shuffle<T>(from: readonly T[]): T[]
}

/** Decisions that come in the same order for the same seed and the same name. */
export function createRandom(seed: number, name = 0): Random {
  const next = randomFrom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(name + 1, 0x85ebca6b))
  return {
    next,
    between: (min, max) => min + next() * (max - min),
    chance: (probability) => next() < probability,
    pick: (from) => from[Math.floor(next() * from.length)] ?? from[0],
    shuffle: (from) =>
      from
        .map((value) => ({ value, at: next() }))
        .toSorted((one, other) => one.at - other.at)
        .map(({ value }) => value),
  }
}
