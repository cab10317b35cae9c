import { isCommonPassword } from './common-passwords.ts'

const LEAST_CODE_POINTS = 8
const MOST_BYTES = 1024

export type PasswordProblem =
  'too_short' | 'too_long' | 'malformed' | 'contains_email' | 'contains_context' | 'too_common'

export type PasswordContext = {
  email: string
  /** Other words an attacker would think of: the user's name, the product's, the organisation's. */
  words?: readonly string[] | undefined
}

/**
 * What is wrong with a new password, or null (PW-01, PW-02, NIST SP 800-63B section 3.1.1.2): at least 8 code points, because
 * a second factor stands behind it; at most 1 KiB; not one that everyone tries first. The e-mail address, its local part and
 * the context's words do not count towards the length. No rule about kinds of characters, nothing is cut off.
 */
export function passwordProblem(
  password: string,
  { email, words = [] }: PasswordContext,
): PasswordProblem | null {
  if (isTooLong(password)) return 'too_long'
  if (!password.isWellFormed()) return 'malformed'
  if (isShort(password)) return 'too_short'
  const [localPart = ''] = email.split('@')
  if (isShort(without(password, [email, localPart]))) return 'contains_email'
  if (isShort(without(password, words))) return 'contains_context'
  return isCommonPassword(password) ? 'too_common' : null
}

/** True for what is refused before any work is spent on it: more than 1 KiB. */
export function isTooLong(password: string): boolean {
  return password.length > MOST_BYTES || Buffer.byteLength(password) > MOST_BYTES
}

function isShort(password: string): boolean {
  return Array.from(password.normalize('NFKC')).length < LEAST_CODE_POINTS
}

function without(password: string, words: readonly string[]): string {
  const telling = words.map((word) => word.trim().toLowerCase()).filter((word) => word.length >= 3)
  return telling.reduce((rest, word) => rest.replaceAll(word, ''), password.toLowerCase())
}
