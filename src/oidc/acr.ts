import { MULTI_FACTOR_ACR } from '../config/index.ts'
import type { AcrFactor, AcrLevel } from '../config/index.ts'

/** The names of the table that we ship (`acr`, OIDC Core section 2). An operator may rename the first, and add others. */
export const ACR = { password: 'urn:cardea:acr:pwd', multiFactor: MULTI_FACTOR_ACR } as const

/**
 * What a sign-in was proven with. A trusted browser proves nothing: it stands for a second factor that this browser need not show,
 * where policy asks for one, and never for an acr.
 */
export type Factor = AcrFactor | 'trusted_browser'

/** When each factor was last proven, in seconds since 1970. */
export type FactorTimes = Readonly<Partial<Record<Factor, number>>>

/** What somebody can prove now, and what they could still set up. */
export type Reach = { has: ReadonlySet<AcrFactor>; canEnrol: ReadonlySet<AcrFactor> }

export type AcrRequest = {
  /** `acr_values`, in the client's order of preference (OIDC Core section 3.1.2.1). */
  acrValues: readonly string[]
  /** The values of an essential `acr` in the claims parameter; undefined when there is none (section 5.5.1.1). */
  essential: readonly string[] | undefined
}

/** What a request demands, by the table (weakest first) and the policy that hold for it. */
export type AcrDemand = {
  table: readonly AcrLevel[]
  /** Whether a second factor is needed whatever the client asks. */
  policy: 'optional' | 'required'
  request: AcrRequest
}

/**
 * `met`: nothing is to be asked. `ask`: this level has to be reached; without one only the second factor that policy wants is missing.
 * `unmet`: nothing that was asked for can be reached by this person, ever; the answer must be an error.
 */
export type AcrDecision = { kind: 'met' } | { kind: 'ask'; level: AcrLevel | null } | { kind: 'unmet' }

/**
 * Decides what a sign-in still needs. The client's values count in its order of preference: the first that is reached already or
 * that this person can reach with what they have; if there is none, the first for which they can set up what is missing. So a weaker
 * value further down never wins over a better one, nor the weakest over all. Essential values bind: they must be reached by name.
 * `acr_values` are a wish: a stronger level fulfils it, and one that nobody can reach is left aside.
 */
export function decideAcr(
  { table, policy, request: { acrValues, essential } }: AcrDemand,
  { proven, reach, now }: { proven: FactorTimes; reach: Reach; now: number },
): AcrDecision {
  const values = levelsNamed(table, essential ?? acrValues)
  const isReached = (level: AcrLevel) =>
    essential ? isHeld(level, proven, now) : isHeldOrPassed(table, level, { proven, now })
  const reachable = (factors: ReadonlySet<AcrFactor>) => (level: AcrLevel) =>
    isReached(level) || waysWithin(level, factors).length > 0
  const level =
    values.find(reachable(reach.has)) ?? values.find(reachable(new Set([...reach.has, ...reach.canEnrol])))
  if (level === undefined && essential) return { kind: 'unmet' }
  if (level !== undefined && !isReached(level)) return { kind: 'ask', level }
  return policy === 'optional' || hasSecondFactor(proven) ? { kind: 'met' } : { kind: 'ask', level: null }
}

/**
 * The acr that tokens state: of the values asked for the first that was really reached, or else the strongest that was. Undefined when
 * the table has none for it.
 */
export function reachedAcr(
  { table, request: { acrValues, essential } }: Pick<AcrDemand, 'table' | 'request'>,
  { proven, now }: { proven: FactorTimes; now: number },
): string | undefined {
  const named = levelsNamed(table, essential ?? acrValues).find((level) => isHeld(level, proven, now))
  return (named ?? strongest(table, proven, now))?.acr
}

/**
 * What a session keeps of a sign-in: the strongest acr, and since when it holds (`auth_time`). That is when the oldest proof it rests on
 * was given: a second factor shown later makes a sign-in stronger, and not younger; a passkey is a whole sign-in by itself.
 */
export function authenticationAt(
  table: readonly AcrLevel[],
  { proven, now }: { proven: FactorTimes; now: number },
): { acr: string | undefined; authTime: number } {
  const times = Object.values(proven)
  const level = strongest(table, proven, now)
  const ways = level ? heldWays(level, proven, now) : []
  const since = ways.map((way) => Math.min(...way.map((factor) => proven[factor] ?? 0)))
  const authTime = since.length > 0 ? Math.max(...since) : Math.min(...(times.length > 0 ? times : [now]))
  return { acr: level?.acr, authTime }
}

/** Whether the proofs are good for this level by one of its own ways, and young enough. */
function isHeld(level: AcrLevel, proven: FactorTimes, now: number): boolean {
  return heldWays(level, proven, now).length > 0
}

/** The ways of a level for which somebody has everything. */
export function waysWithin(level: AcrLevel, factors: ReadonlySet<AcrFactor>): (readonly AcrFactor[])[] {
  return level.ways.filter((way) => way.every((factor) => factors.has(factor)))
}

/** The factors of a way that are still to be proven, or to be proven again. */
export function missingFrom(
  level: AcrLevel,
  way: readonly AcrFactor[],
  { proven, now }: { proven: FactorTimes; now: number },
): AcrFactor[] {
  return way.filter((factor) => !isFresh(level, proven[factor], now))
}

/** A passkey is one by itself: it was unlocked with fingerprint, face or PIN. */
export function hasSecondFactor(proven: FactorTimes): boolean {
  return secondFactors.some((factor) => proven[factor] !== undefined)
}

const secondFactors = ['otp', 'recovery_code', 'passkey', 'trusted_browser'] as const

function heldWays(level: AcrLevel, proven: FactorTimes, now: number): (readonly AcrFactor[])[] {
  return level.ways.filter((way) => missingFrom(level, way, { proven, now }).length === 0)
}

function isFresh({ freshSeconds }: AcrLevel, at: number | undefined, now: number): boolean {
  return at !== undefined && (freshSeconds === null || now - at <= freshSeconds)
}

function isHeldOrPassed(
  table: readonly AcrLevel[],
  level: AcrLevel,
  { proven, now }: { proven: FactorTimes; now: number },
): boolean {
  return table.slice(table.indexOf(level)).some((other) => isHeld(other, proven, now))
}

function strongest(table: readonly AcrLevel[], proven: FactorTimes, now: number): AcrLevel | undefined {
  return table.findLast((level) => isHeld(level, proven, now))
}

function levelsNamed(table: readonly AcrLevel[], values: readonly string[]): AcrLevel[] {
  return values.flatMap((value) => table.filter(({ acr }) => acr === value))
}

/** The acr request in an authorization request's parameters; malformed claims were refused by the engine before. */
export function acrRequestOf(params: Record<string, unknown>): AcrRequest {
  const acrValues = typeof params['acr_values'] === 'string' ? params['acr_values'].split(' ') : []
  if (typeof params['claims'] !== 'string') return { acrValues, essential: undefined }
  const { id_token: idToken } = JSON.parse(params['claims']) as {
    id_token?: { acr?: AcrClaim | null } | null
  }
  const acr = idToken?.acr
  if (!acr?.essential) return { acrValues, essential: undefined }
  if (Array.isArray(acr.values)) return { acrValues, essential: acr.values.map(String) }
  return { acrValues, essential: typeof acr.value === 'string' ? [acr.value] : undefined }
}

type AcrClaim = { essential?: boolean; value?: unknown; values?: unknown }
