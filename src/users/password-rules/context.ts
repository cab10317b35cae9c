import { lengthOf } from './password-length.ts'

export type PasswordContext = {
  email: string
  name?: string | null | undefined
  /** What the product, the organisation and this server are called. */
  names: readonly string[]
}

/** Characters that must be left once the words that an attacker would try for this person are taken out. */
const LEAST_BESIDES = 8
const MOST_WORDS = 40

/** The words of a person's context in lower case, the longest first, so that a part does not break up the whole. */
export function emailWords(email: string): string[] {
  const [local = '', domain = ''] = split(email)
  const labels = domain.split('.').slice(0, -1)
  return telling([email, local, domain, ...local.split(/[^\p{L}\p{N}]+/u)], 3).concat(telling(labels, 4))
}

export function otherWords({ name, names }: Pick<PasswordContext, 'name' | 'names'>): string[] {
  return telling([name ?? '', ...(name?.split(/[^\p{L}\p{N}]+/u) ?? []), ...names], 3)
}

/**
 * Which of the two the password is little more than, or null: read in any case, without accents, with l33t signs turned back, and
 * backwards. Both kinds of word together count as well.
 */
export function contextIn(
  password: string,
  context: PasswordContext,
): 'contains_email' | 'contains_context' | null {
  const address = emailWords(context.email)
  const others = otherWords(context)
  if (isLittleMoreThan(password, address)) return 'contains_email'
  if (isLittleMoreThan(password, others)) return 'contains_context'
  return isLittleMoreThan(password, [...address, ...others]) ? 'contains_context' : null
}

function isLittleMoreThan(password: string, words: readonly string[]): boolean {
  const longestFirst = [...new Set(words.map(plain))].sort((a, b) => b.length - a.length)
  return readings(password).some((reading) => lengthOf(without(reading, longestFirst)) < LEAST_BESIDES)
}

/** The password as written, and with each way to read signs as letters. All keep the number of characters. */
function readings(password: string): string[] {
  const written = plain(password)
  const read = (signs: Record<string, string>) =>
    written.replaceAll(/[013456789@$!|+(]/g, (sign) => signs[sign] ?? sign)
  return [written, read(letters), read({ ...letters, '1': 'l', '|': 'l', '!': 'l' })]
}

const letters: Record<string, string> = {
  ...{ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '6': 'g', '7': 't', '8': 'b', '9': 'g' },
  ...{ '@': 'a', $: 's', '!': 'i', '|': 'i', '+': 't', '(': 'c' },
}

function without(text: string, words: readonly string[]): string {
  return words.reduce((rest, word) => rest.replaceAll(word, '').replaceAll(backwards(word), ''), text)
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFD').replaceAll(/\p{M}/gu, '')
}

function backwards(word: string): string {
  return Array.from(word).reverse().join('')
}

function telling(words: readonly string[], least: number): string[] {
  const trimmed = words.map((word) => word.trim().toLowerCase())
  return trimmed.filter((word) => lengthOf(word) >= least).slice(0, MOST_WORDS)
}

function split(email: string): string[] {
  const at = email.lastIndexOf('@')
  return at < 0 ? [email] : [email.slice(0, at), email.slice(at + 1)]
}
