import type { Configuration } from 'oidc-provider'

/** Session and sign-in cookies: signed, HttpOnly, Lax; on https also Secure and prefixed, so that no subdomain can plant one. */
export function cookies(issuer: string, keys: string[]): NonNullable<Configuration['cookies']> {
  const secure = issuer.startsWith('https:')
  const name = (text: string, prefix: '__Host-' | '__Secure-') => (secure ? `${prefix}${text}` : text)
  const flags = { httpOnly: true, sameSite: 'lax', secure, signed: true, overwrite: true } as const
  return {
    keys,
    // The two below are bound to a path, which the __Host- prefix does not allow.
    names: {
      session: name('cardea_session', '__Host-'),
      interaction: name('cardea_interaction', '__Secure-'),
      resume: name('cardea_resume', '__Secure-'),
    },
    long: { ...flags, path: '/' },
    short: flags,
  }
}
