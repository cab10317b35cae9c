import type { Configuration } from 'oidc-provider'

/** All in seconds. */
export type Lifetimes = {
  accessToken: number
  refreshTokenIdle: number
  refreshTokenAbsolute: number
  sessionIdle: number
  sessionAbsolute: number
}

/** A code lives as long as a redirect takes (FAPI 2.0 section 5.3.2.2: at most 60 s); a sign-in as long as a coffee. */
const AUTHORIZATION_CODE = 60
const INTERACTION = 900
/** Time to take out a phone and sign in; no longer, because a user code can be guessed (RFC 8628 section 5.1). */
const DEVICE_CODE = 600
export const ID_TOKEN = 600

export const now = (): number => Math.floor(Date.now() / 1000)

/** When an idle session ends next: after the idle time, never past its absolute end (SE-03). */
export function sessionEnd(loginTs: number | undefined, { sessionIdle, sessionAbsolute }: Lifetimes): number {
  return Math.min(now() + sessionIdle, (loginTs ?? now()) + sessionAbsolute)
}

/** Not worth a write more often than this, or than every tenth of what is left where that is shorter. */
const STEP_SECONDS = 60
export const stepTo = (end: number): number => Math.min(STEP_SECONDS, (end - now()) / 10)

/** When an unused refresh token ends next: after the idle time, never past the family's absolute end (RT-05). */
export function refreshTokenEnd(
  familyStart: number,
  { refreshTokenIdle, refreshTokenAbsolute }: Lifetimes,
): number {
  return Math.min(now() + refreshTokenIdle, familyStart + refreshTokenAbsolute)
}

export function ttl(lifetimes: Lifetimes): NonNullable<Configuration['ttl']> {
  const atLeastOne = (end: number) => Math.max(1, end - now())
  return {
    AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? lifetimes.accessToken,
    ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? lifetimes.accessToken,
    AuthorizationCode: AUTHORIZATION_CODE,
    DeviceCode: DEVICE_CODE,
    IdToken: ID_TOKEN,
    Interaction: INTERACTION,
    RefreshToken: (_ctx, token) => atLeastOne(refreshTokenEnd(token.iiat ?? now(), lifetimes)),
    Session: (_ctx, session) => atLeastOne(sessionEnd(session.loginTs, lifetimes)),
    // A grant must outlive everything issued under it, or a valid refresh token fails (the engine never extends a grant).
    Grant: lifetimes.refreshTokenAbsolute + lifetimes.sessionAbsolute,
  }
}
