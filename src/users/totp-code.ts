import { verify } from 'otplib'

/** Seconds a code is good for, and how many digits it has (RFC 6238; what every authenticator app does). */
const TOTP_PERIOD = 30
const TOTP_DIGITS = 6

/** How a code stands to a seed. `spent`: right, but it or a newer one was accepted before. */
export type CodeMatch = { found: 'step'; step: number } | { found: 'spent' } | { found: 'nothing' }

/** The six digits that somebody typed, with spaces forgiven; null for anything else, also for what is not text. */
export function parseTotpCode(input: unknown): string | null {
  if (typeof input !== 'string' || input.length > 32) return null
  const digits = input.normalize('NFKC').replaceAll(/\s/g, '')
  return /^[0-9]{6}$/.test(digits) ? digits : null
}

/** The time step that a moment lies in (RFC 6238 section 4.2). */
export function totpStepAt(now: Date): number {
  return Math.floor(now.getTime() / 1000 / TOTP_PERIOD)
}

/**
 * Finds the step that a code belongs to, among the current one and its two neighbours (MF-02, RFC 6238 section 5.2). A step
 * counts only if it is newer than `lastStep`, also when the clock has gone back behind it (FT-15): nothing here throws for that.
 */
export async function matchTotpCode(
  seed: string,
  { code, now, lastStep }: { code: string; now: Date; lastStep: number | null },
): Promise<CodeMatch> {
  const options = { secret: seed, token: code, epoch: Math.floor(now.getTime() / 1000) } as const
  const window = {
    ...options,
    period: TOTP_PERIOD,
    digits: TOTP_DIGITS,
    epochTolerance: TOTP_PERIOD,
  } as const
  // otplib throws when the last step lies beyond the window; at its very end there is nothing newer either.
  const exhausted = lastStep !== null && lastStep > totpStepAt(now)
  if (!exhausted) {
    const fresh = await verify({ ...window, ...(lastStep !== null && { afterTimeStep: lastStep }) })
    if (fresh.valid && 'timeStep' in fresh) return { found: 'step', step: fresh.timeStep }
  }
  if (lastStep === null) return { found: 'nothing' }
  const spent = await verify(window)
  return { found: spent.valid ? 'spent' : 'nothing' }
}
