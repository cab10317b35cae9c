import { ACR } from '../oidc/index.ts'
import type { Interaction } from '../oidc/index.ts'
import type { Factor, Progress } from './progress.ts'

/** A page of the sign-in, `done` when the engine may have its result, or an error that ends it. */
export type Step =
  | 'login'
  | 'totp'
  | 'totp-enrol'
  | 'recovery-codes'
  | 'select-account'
  | 'consent'
  | 'done'
  | { error: 'login_required' | 'unmet_authentication_requirements'; description: string }

type Asking = Pick<Interaction, 'prompt' | 'requiredAcr' | 'loggedInBefore' | 'session'>

/**
 * The one place where the next page is chosen. Pages never lead to pages: each returns here with what it has proven.
 */
export function nextStep(interaction: Asking, progress: Progress, available: { totp: boolean }): Step {
  if (interaction.prompt.name === 'consent') return 'consent'
  if (interaction.prompt.name === 'select_account' && interaction.session && !progress.anotherAccount)
    return 'select-account'
  return impasse(interaction) ?? nextLoginStep(interaction, progress, available)
}

function nextLoginStep(
  { requiredAcr }: Asking,
  { userId, factors, unsavedCodes }: Progress,
  available: { totp: boolean },
): Step {
  if (userId === undefined || !factors.includes('pwd')) return 'login'
  if (unsavedCodes !== undefined) return 'recovery-codes'
  if (hasSecondFactor(factors)) return 'done'
  if (available.totp) return 'totp'
  return requiredAcr === 'multi_factor' ? 'totp-enrol' : 'done'
}

/** What another round of signing in cannot cure: better an honest error to the client than a circle. */
function impasse({ requiredAcr, prompt, loggedInBefore }: Asking): Step | null {
  if (requiredAcr === 'unmet')
    return {
      error: 'unmet_authentication_requirements',
      description: 'none of the requested authentication contexts can be reached',
    }
  if (!loggedInBefore) return null
  if (prompt.reasons.some((reason) => reason === 'essential_acr' || reason === 'essential_acrs'))
    return {
      error: 'unmet_authentication_requirements',
      description: 'the requested authentication context was not reached',
    }
  if (prompt.reasons.some((reason) => reason === 'id_token_hint' || reason === 'claims_id_token_sub_value'))
    return { error: 'login_required', description: 'the End-User signed in is not the one asked for' }
  return null
}

/** What was done, in RFC 8176's words: `amr`, and the `acr` that follows from it. A recovery code is a second factor without a method name of its own. */
export function authenticationOf(factors: readonly Factor[]): { amr: string[]; acr: string } {
  if (!hasSecondFactor(factors)) return { amr: ['pwd'], acr: ACR.password }
  return { amr: factors.includes('otp') ? ['pwd', 'otp', 'mfa'] : ['pwd', 'mfa'], acr: ACR.multiFactor }
}

function hasSecondFactor(factors: readonly Factor[]): boolean {
  return factors.includes('otp') || factors.includes('recovery_code')
}
