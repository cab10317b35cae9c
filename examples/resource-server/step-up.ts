// Asks for a stronger or a fresher sign-in where a token's own is not enough (RFC 9470). Copy this file; it needs nothing.

/**
 * What a route wants: one of these `acr` values, and a sign-in at most so many seconds old. The weakest that will do comes first, which
 * is what the app then asks for; every stronger one must be named too, because names have no order: whoever is signed in more strongly
 * has a token that says just that, and no other sign-in would ever come.
 */
export type Demand = { acrValues: readonly string[]; maxAge?: number }

/** What a token tells about its user's sign-in, as claims of a JWT (RFC 9068) or as the answer of introspection (RFC 9470 section 6). */
type SignIn = { readonly [claim: string]: unknown }

/**
 * The parameters of the `WWW-Authenticate: Bearer` challenge that says what is missing (section 3), or null when the sign-in will do.
 * A token that does not say how its user signed in has not signed in well enough.
 */
export function stepUpChallenge(
  token: SignIn,
  { acrValues, maxAge }: Demand,
  now = Math.floor(Date.now() / 1000),
): Record<string, string> | null {
  const { acr, auth_time: authTime } = token
  const isStrong = typeof acr === 'string' && acrValues.includes(acr)
  const isFresh = maxAge === undefined || (typeof authTime === 'number' && now - authTime <= maxAge)
  if (isStrong && isFresh) return null
  return {
    error: 'insufficient_user_authentication',
    error_description: isStrong ? 'a fresher sign-in is needed' : 'a stronger sign-in is needed',
    acr_values: acrValues.join(' '),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
  }
}
