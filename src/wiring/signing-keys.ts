import type { Config } from '../config/index.ts'
import type { KeySchedule } from '../oidc/index.ts'

/** How long a signing key signs, and for how long what it signed is good. */
export function keySchedule({
  signingKeys,
  sessions,
}: Pick<Config, 'signingKeys' | 'sessions'>): KeySchedule {
  return {
    everySeconds: signingKeys.rotationDays * 86_400,
    // An ID token is good as a hint at sign-out as long as its session lives.
    signedSeconds: sessions.absoluteSeconds,
  }
}
