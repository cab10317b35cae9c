import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'

/** Why a password is refused: stable words for programs, and a sentence for the person who chose it. */
export type PasswordProblem = { reason: PasswordReason; text: Text }

export type PasswordReason =
  | 'too_short'
  | 'too_long'
  | 'malformed'
  | 'contains_email'
  | 'contains_context'
  | 'too_common'
  | 'too_weak'
  | 'breached'

/** What makes a guessable password guessable. */
export type Weakness = 'plain' | 'keys' | 'repeat' | 'sequence' | 'date' | 'word' | 'name'

/** The sentence says what is wrong and what would help. `count` is the least number of characters. */
export function problemOf(reason: Exclude<PasswordReason, 'too_weak'>, count = 0): PasswordProblem {
  return {
    reason,
    text: reason === 'too_short' ? text(sentences[reason], { count }) : text(sentences[reason]),
  }
}

export function weakProblem(weakness: Weakness): PasswordProblem {
  return { reason: 'too_weak', text: text(weaknesses[weakness]) }
}

const sentences = {
  too_short: 'passwords:problem.too_short',
  too_long: 'passwords:problem.too_long',
  malformed: 'passwords:problem.malformed',
  contains_email: 'passwords:problem.contains_email',
  contains_context: 'passwords:problem.contains_context',
  too_common: 'passwords:problem.too_common',
  breached: 'passwords:problem.breached',
} as const

const weaknesses = {
  plain: 'passwords:weak.plain',
  keys: 'passwords:weak.keys',
  repeat: 'passwords:weak.repeat',
  sequence: 'passwords:weak.sequence',
  date: 'passwords:weak.date',
  word: 'passwords:weak.word',
  name: 'passwords:weak.name',
} as const
