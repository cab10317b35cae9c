// The relying party: every conversation with the issuer, as one function each. Knows no cookies and no pages.
import * as client from 'openid-client'
import { connectLazily, refusalFrom, type Connection, type Refusal } from './issuer.ts'
import type { SampleOptions } from './settings.ts'

export interface RelyingParty {
  connection: Connection
  baseUrl: URL
  /** Resource indicator of the API that this app calls for its users. */
  resource: string
}

/** Prepares the relying party; nothing is asked of the issuer yet. */
export function createRelyingParty(options: SampleOptions): RelyingParty {
  return {
    connection: connectLazily(options.issuer, { id: options.clientId, secret: options.clientSecret }),
    baseUrl: options.baseUrl,
    resource: options.api.resource,
  }
}

/** What a sign-in may ask for beyond the defaults: authorization request parameters by name. */
export type Wishes = Partial<Record<'prompt' | 'max_age' | 'acr_values' | 'scope', string>>

/** One sign-in under way; the browser's session keeps it under its `state` until the callback. */
export interface Attempt {
  state: string
  nonce: string
  codeVerifier: string
  wishes: Wishes
  startedAt: number
  /** Where the browser goes afterwards. */
  returnTo: string
}

/**
 * Makes the authorization request: code flow with PKCE S256, state and nonce (RFC 9700 §2.1.1).
 * Naming the API with `resource` (RFC 8707) puts its scopes up for consent together with the user's own.
 */
export async function beginSignIn(
  party: RelyingParty,
  wishes: Wishes,
  returnTo = '/',
): Promise<{ ok: true; attempt: Attempt; url: URL } | Refusal> {
  const attempt: Attempt = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    codeVerifier: client.randomPKCECodeVerifier(),
    wishes,
    startedAt: Date.now(),
    returnTo,
  }
  try {
    const url = client.buildAuthorizationUrl(await party.connection(), {
      redirect_uri: new URL('/callback', party.baseUrl).href,
      scope: 'openid email profile orders:read',
      resource: party.resource,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.codeVerifier),
      code_challenge_method: 'S256',
      ...wishes,
    })
    return { ok: true, attempt, url }
  } catch (error) {
    return refusalFrom(error)
  }
}

export interface AccessToken {
  value: string
  scope: string
  expiresAt: Date | undefined
}

/** What the token endpoint gave. A missing refresh token means "keep the one you have". */
export interface TokenAnswer {
  ok: true
  access: AccessToken
  refreshToken: string | undefined
  idToken: string | undefined
  claims: client.IDToken | undefined
}

/**
 * Exchanges the code that came back to `callback` (the full callback address).
 * openid-client checks `state`, `iss` (RFC 9207), the ID token's signature, `aud`, `exp`, `nonce`, and `auth_time` when
 * max_age was asked. The access token is for userinfo: the exchange names no resource.
 */
export async function completeSignIn(
  party: RelyingParty,
  { attempt, callback }: { attempt: Attempt; callback: URL },
): Promise<TokenAnswer | Refusal> {
  const maxAge = /^\d{1,9}$/.test(attempt.wishes.max_age ?? '') ? Number(attempt.wishes.max_age) : undefined
  try {
    const answer = await client.authorizationCodeGrant(await party.connection(), callback, {
      expectedState: attempt.state,
      expectedNonce: attempt.nonce,
      pkceCodeVerifier: attempt.codeVerifier,
      idTokenExpected: true,
      ...(maxAge === undefined ? {} : { maxAge }),
    })
    return tokenAnswer(answer)
  } catch (error) {
    return refusalFrom(error)
  }
}

/** Uses a refresh token: without `resource` for a userinfo token, with it for a token that only that API accepts. */
export async function refresh(
  party: RelyingParty,
  { refreshToken, resource }: { refreshToken: string; resource?: string },
): Promise<TokenAnswer | Refusal> {
  try {
    const parameters: Record<string, string> = resource === undefined ? {} : { resource }
    return tokenAnswer(await client.refreshTokenGrant(await party.connection(), refreshToken, parameters))
  } catch (error) {
    return refusalFrom(error)
  }
}

/** Revokes a refresh token (RFC 7009); a good issuer ends the access tokens of the same grant with it. */
export async function revoke(party: RelyingParty, refreshToken: string): Promise<{ ok: true } | Refusal> {
  try {
    const hint = { token_type_hint: 'refresh_token' }
    await client.tokenRevocation(await party.connection(), refreshToken, hint)
    return { ok: true }
  } catch (error) {
    return refusalFrom(error)
  }
}

/** Asks who the user is; refuses an answer about anybody but `subject` (OIDC Core §5.3.2). */
export async function userinfo(
  party: RelyingParty,
  { accessToken, subject }: { accessToken: string; subject: string },
): Promise<{ ok: true; claims: client.UserInfoResponse } | Refusal> {
  try {
    return { ok: true, claims: await client.fetchUserInfo(await party.connection(), accessToken, subject) }
  } catch (error) {
    return refusalFrom(error)
  }
}

/** The address that ends the session at the issuer (OIDC RP-Initiated Logout §2). */
export async function signOutUrl(
  party: RelyingParty,
  { idToken, state }: { idToken: string; state: string },
): Promise<{ ok: true; url: URL } | Refusal> {
  try {
    const url = client.buildEndSessionUrl(await party.connection(), {
      id_token_hint: idToken,
      post_logout_redirect_uri: new URL('/signed-out', party.baseUrl).href,
      state,
    })
    return { ok: true, url }
  } catch (error) {
    return refusalFrom(error)
  }
}

type TokenResponse = Awaited<ReturnType<typeof client.refreshTokenGrant>>

function tokenAnswer(answer: TokenResponse): TokenAnswer {
  const seconds = answer.expires_in
  return {
    ok: true,
    access: {
      value: answer.access_token,
      scope: answer.scope ?? '',
      expiresAt: seconds === undefined ? undefined : new Date(Date.now() + seconds * 1000),
    },
    refreshToken: answer.refresh_token,
    idToken: answer.id_token,
    claims: answer.claims(),
  }
}
