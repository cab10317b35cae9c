import { isCommonPassword } from '../common-passwords.ts'
import type { BreachedLookup } from './breached.ts'
import { wasBreached } from './breached.ts'
import { contextIn, emailWords, otherWords } from './context.ts'
import { isTooLong, lengthOf } from './password-length.ts'
import { problemOf, weakProblem } from './problem.ts'
import type { PasswordProblem } from './problem.ts'
import { createStrengthJudge } from './strength.ts'
import type { JudgeStrength } from './strength.ts'

/** What a new password must be. Made once by `createPasswordRules`, handed to `passwordProblem`. */
export type PasswordRules = {
  /** Code points: 8 where a second factor stands behind the password, 15 where it may be all there is. */
  readonly leastLength: number
  /** Names of the product, the organisation and the server, which a guesser knows as well. */
  readonly names: readonly string[]
  readonly leastScore: number
  readonly judge: JudgeStrength
  readonly breached: BreachedLookup | null
}

export type PasswordRulesOptions = {
  secondFactor: 'required' | 'optional'
  /** What zxcvbn must give at least, 0 to 4; with 0 it is not asked. */
  leastScore: number
  names: readonly string[]
  breached?: BreachedLookup | null | undefined
}

/** The rules by configuration. Dictionaries are loaded by the first password that needs them. */
export function createPasswordRules(options: PasswordRulesOptions): PasswordRules {
  const { secondFactor, leastScore, names, breached = null } = options
  const leastLength = secondFactor === 'required' ? 8 : 15
  return { leastLength, leastScore, names, breached, judge: createStrengthJudge() }
}

/**
 * What is wrong with a new password, or null (PW-01, PW-02, NIST SP 800-63B-4 section 3.1.1.2): long enough in code points, at most
 * 1 KiB, not little more than the person's own words or ours, not one that everyone tries first, not easy to guess, not in a
 * list of leaked ones. No rule about kinds of characters, nothing is cut off. The cheapest question comes first, and more than
 * 1 KiB costs nothing. Throws what is a 503 when too many are judged at once.
 */
export async function passwordProblem(
  rules: PasswordRules,
  { password, email, name }: { password: string; email: string; name?: string | null | undefined },
): Promise<PasswordProblem | null> {
  if (isTooLong(password)) return problemOf('too_long')
  if (!password.isWellFormed()) return problemOf('malformed')
  if (lengthOf(password) < rules.leastLength) return problemOf('too_short', rules.leastLength)
  const context = { email, name, names: rules.names }
  const contained = contextIn(password, context)
  if (contained) return problemOf(contained)
  if (isCommonPassword(password)) return problemOf('too_common')
  if (rules.leastScore > 0) {
    const words = [...emailWords(email), ...otherWords(context)]
    const strength = await rules.judge(password.normalize('NFKC'), words)
    if (strength.score < rules.leastScore) return weakProblem(strength.weakness)
  }
  if (rules.breached && (await wasBreached(rules.breached, password))) return problemOf('breached')
  return null
}
