// The way to the issuer: discovery when first needed, and one vocabulary for everything that can go wrong there.
import * as client from 'openid-client'
import { isLoopback } from './settings.ts'

/** Gives the issuer's metadata joined with one client's credentials; asks the issuer only the first time. */
export type Connection = () => Promise<client.Configuration>

/**
 * Prepares a connection for one confidential client (client_secret_basic).
 * Discovery waits for the first call, so the issuer may start later; a failed attempt is not remembered.
 */
export function connectLazily(issuer: URL, credentials: { id: string; secret: string }): Connection {
  let known: Promise<client.Configuration> | undefined
  const execute = [
    // Check ID token signatures too, although TLS already vouches for a token endpoint (OIDC Core §3.1.3.7).
    client.enableNonRepudiationChecks,
    ...(isLoopback(issuer) ? [allowPlainHttp] : []),
  ]
  return () => {
    const authentication = client.ClientSecretBasic(credentials.secret)
    known ??= client
      .discovery(issuer, credentials.id, undefined, authentication, { execute, timeout: 5 })
      .catch((error: unknown) => {
        known = undefined
        throw error
      })
    return known
  }
}

// The library marks this function deprecated to make people stop and think; loopback never leaves the machine.
// eslint-disable-next-line @typescript-eslint/no-deprecated
const allowPlainHttp = client.allowInsecureRequests

/** Why the issuer said no, or why its answer was not believed. */
export interface Refusal {
  ok: false
  /** `unreachable`: no answer or a 5xx. `refused`: an OAuth error. `untrusted`: an answer that failed a check. */
  reason: 'unreachable' | 'refused' | 'untrusted'
  /** The OAuth error code, or the library's code for the failed check. */
  code: string
  /** What to show a person beside the code; comes from outside, so escape it. */
  detail: string
}

/** Sorts an error thrown by openid-client; anything else is a bug and is thrown again. */
export function refusalFrom(error: unknown): Refusal {
  if (error instanceof client.AuthorizationResponseError)
    return { ok: false, reason: 'refused', code: error.error, detail: error.error_description ?? '' }
  if (error instanceof client.ResponseBodyError) {
    const reason = error.status >= 500 ? 'unreachable' : 'refused'
    return { ok: false, reason, code: error.error, detail: error.error_description ?? '' }
  }
  if (error instanceof client.WWWAuthenticateChallengeError) {
    const challenge = error.cause[0]?.parameters
    return {
      ok: false,
      reason: 'refused',
      code: challenge?.error ?? `http_${error.status}`,
      detail: challenge?.error_description ?? '',
    }
  }
  if (error instanceof client.ClientError) {
    const silent =
      error.code === 'OAUTH_TIMEOUT' || (error.cause instanceof Response && error.cause.status >= 500)
    return {
      ok: false,
      reason: silent ? 'unreachable' : 'untrusted',
      code: error.code ?? 'unknown',
      // The library wraps what it found; the finding says more than the wrapping.
      detail: error.cause instanceof Error ? error.cause.message : error.message,
    }
  }
  // fetch reports network trouble as a TypeError without a code; with a code it is a wrong argument of ours.
  if (error instanceof TypeError && !('code' in error))
    return { ok: false, reason: 'unreachable', code: 'network', detail: error.message }
  throw error
}
