import type { ByMailDeps } from './deps.ts'

type Registration = ByMailDeps['registration']

/**
 * The domains whose addresses people may choose by themselves, lower case; empty: any. They are named for open registration: where accounts
 * come from operators alone, so do their addresses, and `CARDEA_REGISTRATION_DOMAINS` says nothing.
 */
export function allowedDomains({ policy, domains }: Registration): readonly string[] {
  return policy === 'open' ? domains : []
}

/** Whether somebody may choose this address, which is normalised: to register, or in place of the one they have. */
export function mayChoose(registration: Registration, email: string): boolean {
  const domains = allowedDomains(registration)
  return domains.length === 0 || domains.includes(email.slice(email.lastIndexOf('@') + 1))
}
