import type { KoaContextWithOIDC, UnknownObject } from 'oidc-provider'

/**
 * How and when the user signed in to whom a token is issued, as an API may ask (RFC 9470 section 6, RFC 9068 section 2.2.1): kept with
 * the token, told at introspection and in a JWT. A token keeps what was true when its grant's code was issued: a stronger sign-in
 * afterwards makes no older token stronger. A client's own token says nothing.
 */
export function signInOf({ oidc }: KoaContextWithOIDC, token: { kind: string }): UnknownObject | undefined {
  if (token.kind !== 'AccessToken') return undefined
  const { AuthorizationCode, DeviceCode, RefreshToken } = oidc.entities
  const source = AuthorizationCode ?? DeviceCode ?? RefreshToken
  if (!source) return undefined
  const { authTime, acr, amr } = source
  return JSON.parse(JSON.stringify({ auth_time: authTime, acr, amr })) as UnknownObject
}
