import type { Weakness } from './problem.ts'

/** How hard a password is to guess, from 0 (at once) to 4, and what makes it easy. */
export type Strength = { score: number; weakness: Weakness }

/** What the thread with the dictionaries found: zxcvbn's score, its warning, and the kinds of pattern the password is made of. */
export type Finding = { score: number; warning: string | null; patterns: string[] }

/** The finding in our words: the warning where there is one, else what the password is mostly made of. */
export function strengthOf({ score, warning, patterns }: Finding): Strength {
  const warned = warning === null ? undefined : warnings[warning]
  return { score, weakness: warned ?? patterns.map((pattern) => byPattern[pattern]).find(Boolean) ?? 'plain' }
}

const warnings: Record<string, Weakness> = {
  ...{ straightRow: 'keys', keyPattern: 'keys' },
  ...{ simpleRepeat: 'repeat', extendedRepeat: 'repeat' },
  ...{ sequences: 'sequence', recentYears: 'date', dates: 'date' },
  ...{ topTen: 'word', topHundred: 'word', common: 'word', similarToCommon: 'word', wordByItself: 'word' },
  ...{ namesByThemselves: 'name', commonNames: 'name', userInputs: 'name' },
}

const byPattern: Record<string, Weakness> = {
  ...{ spatial: 'keys', repeat: 'repeat', sequence: 'sequence', date: 'date', regex: 'date' },
  dictionary: 'word',
}
