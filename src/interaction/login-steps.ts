import {
  authenticationAt,
  decideAcr,
  hasSecondFactor,
  missingFrom,
  reachWith,
  waysWithin,
} from '../oidc/index.ts'
import type { AcrDemand, BrowserAccount, FactorTimes, Interaction } from '../oidc/index.ts'
import { acrFactors } from '../config/index.ts'
import type { AcrFactor } from '../config/index.ts'
import { choosesAccount } from './accounts.ts'
import type { Progress } from './progress.ts'

/** A page of the sign-in, `done` when the engine may have its result, or an error that ends it. */
export type Step =
  | 'register'
  | 'login'
  | 'totp'
  | 'passkey'
  | 'recovery-code'
  | 'totp-enrol'
  | 'passkey-enrol'
  | 'recovery-codes'
  | 'passkey-offer'
  | 'select-account'
  | 'consent'
  | 'done'
  | { error: 'login_required' | 'unmet_authentication_requirements'; description: string }

type Asking = Pick<Interaction, 'prompt' | 'demand' | 'loggedInBefore' | 'session' | 'issuedAt' | 'askedFor'>

/** What the user of a sign-in has to prove it with. */
export type Available = Parameters<typeof reachWith>[0] & {
  /** Their second factor was taken away: another one is set up, whatever the policy. */
  mustEnrol: boolean
}

/** What the next page is chosen by, beside the request and what was proven. */
export type Situation = {
  /** Null until it is known who signs in. */
  available: Available | null
  /** Who else is signed in in this browser. */
  accounts: readonly BrowserAccount[]
  /** Seconds since 1970. */
  now: number
  /** May people make accounts by themselves? */
  mayRegister?: boolean
}

/** In a sign-in that somebody comes back to with an old session: so old may a proof be that sets up a new factor (MF-07). */
const ENROL_FRESH_SECONDS = 300

/**
 * The one place where the next page is chosen. Pages never lead to pages: each returns here with what it has proven.
 */
export function nextStep(interaction: Asking, progress: Progress, situation: Situation): Step {
  if (interaction.prompt.name === 'consent') return 'consent'
  if (interaction.prompt.name === 'create' && situation.mayRegister && !beganToRegister(progress))
    return 'register'
  if (choosesAccount(interaction, progress, situation.accounts)) return 'select-account'
  return impasse(interaction) ?? nextLoginStep(interaction, progress, situation)
}

/** The app asked for a new account: its page is shown once, and then the sign-in. */
function beganToRegister({ sentToRegister, userId }: Progress): boolean {
  return sentToRegister === true || userId !== undefined
}

function nextLoginStep(
  interaction: Asking,
  { userId, proven, unsavedCodes, offerPasskey }: Progress,
  { available, now }: Situation,
): Step {
  if (userId === undefined || available === null) return 'login'
  if (proven.pwd === undefined && proven.passkey === undefined) return 'login'
  if (unsavedCodes !== undefined) return 'recovery-codes'
  const decision = decide(interaction, { proven, available, now })
  if (decision.kind === 'unmet') return unmet('none of the requested authentication contexts can be reached')
  if (decision.kind === 'met')
    return offerPasskey && available.passkeysWork && mayAddFactor(available, proven)
      ? 'passkey-offer'
      : 'done'
  const since = Math.min(now - ENROL_FRESH_SECONDS, Math.floor(interaction.issuedAt.getTime() / 1000))
  return askedFor(decision.level, { proven, available, now, since })
}

/**
 * The factors that bring a sign-in on at a step that asks for a second one, so that its page offers no way that leads back to it. Where
 * something is to be set up first, any second factor that there is may be shown before.
 */
export function helpfulFactors(
  interaction: Asking,
  { proven }: Pick<Progress, 'proven'>,
  { available, now, step }: Situation & { step: Step },
): ReadonlySet<AcrFactor> {
  if (!available) return everyFactor
  const decision = decide(interaction, { proven, available, now })
  const { has, canEnrol } = reachWith(available)
  // Policy asks for any second factor: whichever of them this person has.
  const setsUp = step === 'totp-enrol' || step === 'passkey-enrol'
  if (decision.kind !== 'ask' || decision.level === null)
    return new Set([...has, ...(setsUp ? canEnrol : [])])
  const ways = waysWithin(decision.level, has)
  if (ways.length > 0) return new Set(ways.flat())
  return setsUp ? new Set(waysWithin(decision.level, new Set([...has, ...canEnrol])).flat()) : everyFactor
}

const everyFactor: ReadonlySet<AcrFactor> = new Set(acrFactors)

function decide(
  { demand }: Asking,
  { proven, available, now }: { proven: FactorTimes; available: Available; now: number },
): ReturnType<typeof decideAcr> {
  const reach = reachWith(available)
  return decideAcr({ ...demand, policy: policyFor(demand, available) }, { proven, reach, now })
}

/** Whoever has a second factor is asked for it, even where it is not demanded of everybody. */
function policyFor(
  { policy }: AcrDemand,
  { totp, passkeys, passkeysWork, mustEnrol }: Available,
): AcrDemand['policy'] {
  return totp || (passkeys > 0 && passkeysWork) || mustEnrol ? 'required' : policy
}

type Level = Extract<ReturnType<typeof decideAcr>, { kind: 'ask' }>['level']
type Circumstances = { proven: FactorTimes; available: Available; now: number; since: number }

function askedFor(level: Level, circumstances: Circumstances): Step {
  const { proven, available, now } = circumstances
  const reach = reachWith(available)
  if (level === null)
    return secondFactorOf(available) ?? enrolling(new Set(['otp', 'passkey']), circumstances)
  const [easiest] = waysWithin(level, reach.has)
    .map((way) => missingFrom(level, way, { proven, now }))
    .toSorted((one, other) => one.length - other.length)
  if (easiest) return pages[easiest[0] ?? 'pwd']
  const way = waysWithin(level, new Set([...reach.has, ...reach.canEnrol]))
  return enrolling(new Set(way.flat().filter((factor) => !reach.has.has(factor))), circumstances)
}

/** Nobody sets up a new factor with an old session alone: a second factor that there is, or else the password, was shown just now. */
function enrolling(wanted: ReadonlySet<AcrFactor>, { proven, available, since }: Circumstances): Step {
  const fresh = Object.fromEntries(Object.entries(proven).filter(([, at]) => at >= since)) as FactorTimes
  const { trusted_browser: _proves_nothing, ...shown } = fresh
  const existing = secondFactorOf(available)
  if (existing && !hasSecondFactor(shown)) return existing
  if (!existing && shown.pwd === undefined && available.password) return 'login'
  return wanted.has('otp') ? 'totp-enrol' : 'passkey-enrol'
}

/** Not beside one that was not shown: a trusted browser spares its user the second factor, and proves none (MF-07). */
function mayAddFactor(available: Available, proven: FactorTimes): boolean {
  const { trusted_browser: _proves_nothing, ...shown } = proven
  return secondFactorOf(available) === null || hasSecondFactor(shown)
}

function secondFactorOf({ totp, passkeys, passkeysWork }: Available): 'totp' | 'passkey' | null {
  if (totp) return 'totp'
  return passkeys > 0 && passkeysWork ? 'passkey' : null
}

const pages = { pwd: 'login', otp: 'totp', passkey: 'passkey', recovery_code: 'recovery-code' } as const

/** What another round of signing in cannot cure: better an honest error to the client than a circle. */
function impasse({ demand, prompt, loggedInBefore }: Asking): Step | null {
  const { essential } = demand.request
  if (essential && !demand.table.some(({ acr }) => essential.includes(acr)))
    return unmet('none of the requested authentication contexts can be reached')
  if (!loggedInBefore) return null
  if (prompt.reasons.some((reason) => reason === 'essential_acr' || reason === 'essential_acrs'))
    return unmet('the requested authentication context was not reached')
  if (prompt.reasons.some((reason) => reason === 'id_token_hint' || reason === 'claims_id_token_sub_value'))
    return { error: 'login_required', description: 'the End-User signed in is not the one asked for' }
  return null
}

function unmet(description: string): Step {
  return { error: 'unmet_authentication_requirements', description }
}

/**
 * What the engine is told of a sign-in: what was done, in RFC 8176's words (`amr`), the strongest `acr` that this reaches, and since when
 * (see `authenticationAt`). A recovery code is a second factor without a method name of its own; a trusted browser is none.
 */
export function authenticationOf(
  table: AcrDemand['table'],
  { proven, passkeyMethod = 'swk' }: Pick<Progress, 'proven' | 'passkeyMethod'>,
  now: number,
): { amr: string[]; acr?: string; ts: number } {
  const { trusted_browser: _proves_nothing, ...shown } = proven
  const { acr, authTime } = authenticationAt(table, { proven: shown, now })
  const amr = [
    ...(shown.pwd === undefined ? [] : ['pwd']),
    ...(shown.otp === undefined ? [] : ['otp']),
    ...(shown.passkey === undefined ? [] : [passkeyMethod, 'user']),
    ...(hasSecondFactor(shown) ? ['mfa'] : []),
  ]
  return { amr, ts: authTime, ...(acr === undefined ? {} : { acr }) }
}
