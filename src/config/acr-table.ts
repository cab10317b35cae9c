import { z } from 'zod'
import { didYouMean } from './did-you-mean.ts'

/** What a sign-in can be proven with, as the table of `acr` values names it. */
export const acrFactors = ['pwd', 'otp', 'passkey', 'recovery_code'] as const
export type AcrFactor = (typeof acrFactors)[number]

/** One authentication context class (OIDC Core section 2, `acr`), and what it takes. */
export type AcrLevel = {
  readonly acr: string
  /** Any one of these sets of factors reaches it; the first that somebody has is the one asked for. */
  readonly ways: readonly (readonly AcrFactor[])[]
  /** How old the proof of each of them may be, in seconds; null: as old as the session. */
  readonly freshSeconds: number | null
}

/** What two factors are called: our own command line and admin API ask for it by this name. */
export const MULTI_FACTOR_ACR = 'urn:cardea:acr:mfa'

const MIN_FRESH = 60
const MAX_FRESH = 86_400
const EXAMPLE = `${MULTI_FACTOR_ACR}=pwd+otp|passkey`

/**
 * The table of `acr` values, weakest first: entries of the form `name=factors`, separated by semicolons; factors that belong together
 * joined by `+`, alternatives by `|`, and behind a comma how many seconds old they may be. Every mistake is named with its entry.
 */
export const acrTable = z.string().transform((text, issues): AcrLevel[] => {
  const entries = text.split(';').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()]))
  const levels: AcrLevel[] = []
  const problem = (message: string) => {
    issues.addIssue({ code: 'custom', message })
  }
  for (const entry of entries) {
    const level = readLevel(entry)
    if (typeof level === 'string') problem(`has "${entry.slice(0, 120)}", ${level}`)
    else if (levels.some(({ acr }) => acr === level.acr)) problem(`names "${level.acr}" twice`)
    else levels.push(level)
  }
  if (issues.issues.length > 0) return z.NEVER
  for (const message of faultsBetween(levels)) problem(message)
  return levels
})

function readLevel(entry: string): AcrLevel | string {
  const at = entry.lastIndexOf('=')
  const acr = entry.slice(0, Math.max(at, 0)).trim()
  if (at < 1 || acr === '') return `which is not of the form name=factors, as in "${EXAMPLE}"`
  if (!/^[\x21-\x7e]{1,200}$/.test(acr) || /["\\]/.test(acr))
    return 'whose name is no acr value: printable characters without spaces and quotes, 200 at most'
  const [factors = '', seconds, ...rest] = entry.slice(at + 1).split(',')
  if (rest.length > 0) return 'with more than one comma: behind the one stands the age in seconds'
  const freshSeconds = seconds === undefined ? null : Number(/^\s*(\d{1,9})\s*$/.exec(seconds)?.[1] ?? NaN)
  if (freshSeconds !== null && !(freshSeconds >= MIN_FRESH && freshSeconds <= MAX_FRESH))
    return `whose age "${(seconds ?? '').trim()}" is no whole number from ${MIN_FRESH} to ${MAX_FRESH} seconds`
  const ways: AcrFactor[][] = []
  for (const alternative of factors.split('|')) {
    const way = readWay(alternative)
    if (typeof way === 'string') return way
    ways.push(way)
  }
  return { acr, ways, freshSeconds }
}

function readWay(alternative: string): AcrFactor[] | string {
  const way: AcrFactor[] = []
  for (const word of alternative.split('+').map((part) => part.trim())) {
    const factor = acrFactors.find((known) => known === word)
    if (factor === undefined) {
      const meant = didYouMean(word, acrFactors)
      const known = `The factors are ${acrFactors.join(', ')}`
      return `where "${word}" is no factor. ${meant === undefined ? known : `Did you mean ${meant}?`}`
    }
    if (way.includes(factor)) return `where ${factor} stands twice in "${alternative.trim()}"`
    way.push(factor)
  }
  if (!way.includes('pwd') && !way.includes('passkey'))
    return `where "${alternative.trim()}" says nothing about who it is: it needs pwd or passkey`
  return way
}

function faultsBetween(levels: readonly AcrLevel[]): string[] {
  const faults: string[] = []
  for (const [index, level] of levels.entries())
    for (const later of levels.slice(index + 1))
      if (implies(level, later))
        faults.push(
          `has "${later.acr}" after "${level.acr}", which already reaches it: the weakest comes first`,
        )
  const strong = levels.find(({ acr }) => acr === MULTI_FACTOR_ACR)
  if (!strong)
    faults.push(`has no "${MULTI_FACTOR_ACR}": the command line and the admin API ask for it by this name`)
  else if (strong.ways.some((way) => way.length < 2 && !way.includes('passkey')))
    faults.push(`lets "${MULTI_FACTOR_ACR}" be reached with one factor: each way needs two, or passkey`)
  return faults
}

/** Whoever is at this level is at the other as well. */
function implies(level: AcrLevel, other: AcrLevel): boolean {
  const isFresh =
    other.freshSeconds === null || (level.freshSeconds !== null && level.freshSeconds <= other.freshSeconds)
  return (
    isFresh &&
    level.ways.every((way) => other.ways.some((less) => less.every((factor) => way.includes(factor))))
  )
}
