/** The management of streams of shared signals as an audience: what receivers' access tokens are for, and for nothing else. */
export const SIGNALS_API = 'urn:cardea:api:signals'

/** Its scopes, in the names that the CAEP Interoperability Profile 1.0 (section 2.7.2) gives them. */
export const signalsScopeWords = {
  'ssf.read': 'See its own streams of security events, and fetch their events',
  'ssf.manage': 'Make, change and delete its own streams of security events, and fetch their events',
} as const

export const SIGNALS_SCOPES: readonly string[] = Object.keys(signalsScopeWords)
