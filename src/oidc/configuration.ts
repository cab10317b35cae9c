import { errors } from 'oidc-provider'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { languages } from '../language/index.ts'
import { createFindAccount } from './account.ts'
import { reachOf } from './reach.ts'
import { signInOf } from './sign-in-of.ts'
import type { ClientThrottle } from './client-throttle.ts'
import { claimsOfScope, openidScopes } from './consent.ts'
import { cookies } from './cookies.ts'
import { createDeviceFlow } from './device-flow.ts'
import { createGuessCounter } from './device-guesses.ts'
import { createLoadExistingGrant } from './existing-grant.ts'
import { GLOBAL_TOKEN_REVOCATION } from './global-token-revocation/endpoint.ts'
import { mayIntrospect, mayRevoke } from './token-owner.ts'
import { registeredScopes } from './engine-client.ts'
import { ttl } from './lifetimes.ts'
import { createInteractionPolicy } from './login-policy.ts'
import { createJwtAccessTokens } from './jwt-access-token.ts'
import type { EngineOptions } from './options.ts'
import { createOutboundFetch } from './outbound.ts'
import { createResourceIndicators, narrowToRole } from './resource-servers.ts'
import { shown, xsrfOf } from './shown-page.ts'
import { createAdapterFactory } from './store/adapter.ts'

/** An assertion may not be valid for longer than this: its jti must be remembered as long (CVE-2025-2559). */
const MAX_ASSERTION_SECONDS = 300

const authenticatedMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const
const clientSigningAlgs = ['RS256', 'ES256', 'EdDSA'] as const

/**
 * Every setting of the engine that this server decides, and none left to the engine's unsafe or unfinished defaults:
 * PKCE S256 for everyone, `response_type=code` only, no secrets in plain text, short codes, our store.
 */
export function engineConfiguration(
  options: EngineOptions,
  throttle: Pick<ClientThrottle, 'check'>,
): Configuration {
  const { database, lifetimes, pages, policy } = options
  return {
    adapter: createAdapterFactory({
      pool: database.pool,
      refreshRetryWindowSeconds: options.refreshRetryWindowSeconds,
      checkClient: (ctx, clientId) => throttle.check(ctx, clientId),
      countGuess: createGuessCounter(database),
    }),
    jwks: { keys: options.signingKeys },
    cookies: cookies(options.issuer, options.cookieKeys),
    routes: {
      authorization: '/authorize',
      token: '/token',
      userinfo: '/userinfo',
      jwks: '/jwks',
      introspection: '/introspect',
      revocation: '/revoke',
      device_authorization: '/device_authorization',
      code_verification: '/device',
      end_session: '/logout',
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      userinfo: { enabled: true },
      claimsParameter: { enabled: true },
      clientCredentials: { enabled: true },
      deviceFlow: createDeviceFlow(pages),
      introspection: { enabled: true, allowedPolicy: mayIntrospect },
      revocation: { enabled: true, allowedPolicy: mayRevoke },
      // Announced and asked for by the engine, sent by the events room (back-channel-logout.ts).
      backchannelLogout: { enabled: true },
      resourceIndicators: createResourceIndicators(database),
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx) =>
          shown(pages.logout(ctx, { action: ctx.oidc.urlFor('end_session_confirm'), xsrf: xsrfOf(ctx) })),
        postLogoutSuccessSource: (ctx) => shown(pages.loggedOut(ctx)),
      },
    },
    responseTypes: ['code'],
    pkce: { required: () => true },
    clientAuthMethods: ['none', ...authenticatedMethods],
    // RFC 8414 section 2: left out, the two would mean something else than at the token endpoint.
    discovery: {
      ui_locales_supported: languages,
      prompt_values_supported: ['none', 'login', 'consent', 'select_account', 'create'],
      introspection_endpoint_auth_methods_supported: authenticatedMethods,
      introspection_endpoint_auth_signing_alg_values_supported: clientSigningAlgs,
      revocation_endpoint_auth_methods_supported: ['none', ...authenticatedMethods],
      revocation_endpoint_auth_signing_alg_values_supported: clientSigningAlgs,
      global_token_revocation_endpoint: `${options.issuer}${GLOBAL_TOKEN_REVOCATION}`,
      global_token_revocation_endpoint_auth_methods_supported: ['private_key_jwt', 'Bearer'],
    },
    extraTokenClaims: (ctx, token) => {
      refuseForeignScope(ctx, token)
      narrowToRole(ctx, token)
      return signInOf(ctx, token)
    },
    // Not an extra parameter: the way to look at a known one once the redirect URI is verified.
    extraParams: { scope: refuseUnregisteredScope },
    clientDefaults: {
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'RS256',
    },
    extraClientMetadata: { properties: ['first_party', 'registered_scope'], validator: () => undefined },
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'],
      clientAuthSigningAlgValues: clientSigningAlgs,
    },
    acrValues: policy.acr.map(({ acr }) => acr),
    scopes: [...openidScopes],
    claims: {
      openid: ['sub', 'acr', 'amr', 'auth_time'],
      ...Object.fromEntries(Object.entries(claimsOfScope).map(([scope, claims]) => [scope, [...claims]])),
      iss: null,
      sid: null,
    },
    conformIdTokenClaims: true,
    allowOmittingSingleRegisteredRedirectUri: false,
    acceptQueryParamAccessTokens: false,
    clockTolerance: 5,
    ttl: ttl(lifetimes),
    interactions: {
      policy: createInteractionPolicy({
        totp: policy.totp,
        acr: policy.acr,
        reachOf: (userId) => reachOf(options, userId),
        sessionAbsoluteSeconds: lifetimes.sessionAbsolute,
      }),
      url: (ctx, interaction) => {
        options.onInteraction(ctx, interaction.params['client_id'] as string, interaction.uid)
        return `/interaction/${interaction.uid}`
      },
    },
    findAccount: createFindAccount(database.pool),
    loadExistingGrant: createLoadExistingGrant(database),
    // Session-bound unless the user allowed offline access; confidential clients are not rotated, public ones are (RFC 9700 section 4.14.2).
    // A token given back takes its whole grant along, an access token too: or a refresh in flight would go on from it.
    revokeGrantPolicy: () => true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: (_ctx, token) => !token.scopes.has('offline_access'),
    rotateRefreshToken: ({ oidc }) =>
      oidc.client?.clientAuthMethod === 'none' && !oidc.entities.RefreshToken?.isSenderConstrained(),
    formats: { customizers: { jwt: createJwtAccessTokens(options) } },
    clientBasedCORS: (_ctx, origin, client) =>
      client.clientAuthMethod === 'none' &&
      (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin),
    assertJwtClientAuthClaimsAndHeader: assertClientAssertion,
    fetch: createOutboundFetch(options.outboundAllow),
    fetchResponseBodyLimits: { jwks_uri: 64 * 1024 },
    renderError: (ctx, out, error) => pages.engineError(ctx, out, error),
  }
}

/**
 * RFC 7523 as sharpened by draft-ietf-oauth-rfc7523bis: the audience is our issuer and nothing else, so that an assertion
 * lured out by another server is worth nothing here; and it is short-lived.
 */
function assertClientAssertion({ oidc }: KoaContextWithOIDC, claims: Record<string, unknown>): undefined {
  const { aud, exp } = claims
  const audience = Array.isArray(aud) && aud.length === 1 ? (aud[0] as unknown) : aud
  if (audience !== oidc.issuer)
    throw new errors.InvalidClientAuth('the audience of a client assertion must be the issuer')
  if (typeof exp !== 'number' || exp > Math.floor(Date.now() / 1000) + MAX_ASSERTION_SECONDS)
    throw new errors.InvalidClientAuth('a client assertion must expire within five minutes')
}

/** The engine holds a client to its scope list only if one of OpenID's scopes is on it; here, whenever there is a list. */
function refuseUnregisteredScope({ oidc }: KoaContextWithOIDC): undefined {
  if (oidc.client?.['registered_scope'] === undefined) return
  const registered = registeredScopes(oidc.client)
  const foreign = [...oidc.requestParamOIDCScopes].find((scope) => !registered.has(scope))
  if (foreign !== undefined) throw new errors.InvalidScope('requested scope is not allowed', foreign)
}

/**
 * A client's own tokens carry no more than what it was registered for (RFC 6749 section 3.3). The engine checks only the scopes
 * that every OpenID provider has; the moment before a token is saved is the last one at which the rest can be refused.
 */
function refuseForeignScope(
  { oidc }: KoaContextWithOIDC,
  token: { kind: string; scope?: string | undefined },
): undefined {
  if (token.kind !== 'ClientCredentials') return
  const asked: unknown = oidc.body?.['scope']
  // Nothing is left of what was asked: an answer could not say so (section 5.1), and a token without scope would pass for one with it.
  if (typeof asked === 'string' && asked !== '' && !token.scope)
    throw new errors.InvalidScope('requested scope is not available for this resource', asked)
  const registered = registeredScopes(oidc.client)
  const foreign = token.scope?.split(' ').find((scope) => !registered.has(scope))
  if (foreign !== undefined) throw new errors.InvalidScope('requested scope is not allowed', foreign)
}
