import type { Configuration } from 'oidc-provider'
import { ownCookie } from '../http/index.ts'

/** The engine's cookie of the session, for those who read or move it outside of the engine. */
export const sessionCookie = ownCookie('cardea_session')

/** Session and sign-in cookies: signed, HttpOnly, Lax; on https also Secure and prefixed, so that no subdomain can plant one. */
export function cookies(issuer: string, keys: string[]): NonNullable<Configuration['cookies']> {
  const secure = issuer.startsWith('https:')
  const name = (text: string) => (secure ? `__Secure-${text}` : text)
  const flags = { httpOnly: true, sameSite: 'lax', secure, signed: true, overwrite: true } as const
  return {
    keys,
    // The two below are bound to a path, which the __Host- prefix does not allow.
    names: {
      session: sessionCookie.name(secure),
      interaction: name('cardea_interaction'),
      resume: name('cardea_resume'),
    },
    long: { ...flags, path: '/' },
    short: flags,
  }
}
