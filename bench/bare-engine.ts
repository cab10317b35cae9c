// The engine alone, in a process of its own: oidc-provider with its in-memory adapter on node:http, under the very settings our
// server gives it, minus everything of ours (store, accounts, guards, pages). What it can do bounds what we can.
import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import { Provider } from 'oidc-provider'
import type { Client, Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { parseConfig } from '../src/config/index.ts'
import { parseKeyring } from '../src/crypto/index.ts'
import { engineConfiguration } from '../src/oidc/configuration.ts'
import type { OidcOptions } from '../src/oidc/options.ts'
import { API, CLIENTS, PERSON, SECRET } from './cast.ts'
import { reportUsage } from './reporter.ts'

const parsed = parseConfig(process.env, { defaultMode: 'production', readFile: String, parseKeyring })
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
const { acr, issuer, keys, listen, tokens, sessions } = parsed.config

const signingKeys = await Promise.all(
  ['RS256', 'ES256', 'EdDSA'].map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
    return { ...(await exportJWK(privateKey)), alg, use: 'sig' }
  }),
)
const ours = engineConfiguration(
  {
    issuer,
    signingKeys,
    cookieKeys: (keys.cookie ?? []).map((key) => key.toString('base64url')),
    lifetimes: {
      accessToken: tokens.accessSeconds,
      refreshTokenIdle: tokens.refreshIdleSeconds,
      refreshTokenAbsolute: tokens.refreshAbsoluteSeconds,
      sessionIdle: sessions.idleSeconds,
      sessionAbsolute: sessions.absoluteSeconds,
    },
    refreshRetryWindowSeconds: tokens.refreshRetryWindowSeconds,
    policy: { totp: 'optional', acr, passkeys: false },
    statusListTtlSeconds: tokens.statusListTtlSeconds,
    inFlightSeconds: 0,
    outboundAllow: [],
    // None of these is reached: what would use them is replaced below.
    database: {} as OidcOptions['database'],
    pages: {} as OidcOptions['pages'],
    keys: { current: () => signingKeys, learn: () => Promise.resolve() },
    newest: () => provider,
    statusNumbers: { take: () => Promise.reject(new Error('JWTs are only signed here')) },
    onInteraction: () => undefined,
    onTokensIssued: () => undefined,
  },
  { check: () => undefined },
)
const { adapter: _adapter, extraTokenClaims: _extraTokenClaims, formats: _formats, ...settings } = ours

const isOwner = (_ctx: unknown, client: Client, token: { clientId?: string | undefined }) =>
  token.clientId === client.clientId
const replaced = {
  introspection: { enabled: true, allowedPolicy: isOwner },
  revocation: { enabled: true, allowedPolicy: isOwner },
  resourceIndicators: {
    ...settings.features?.resourceIndicators,
    getResourceServerInfo: () => ({
      audience: API.identifier,
      scope: API.scope,
      accessTokenTTL: API.ttlSeconds,
      accessTokenFormat: 'jwt',
      jwt: { sign: { alg: 'ES256' } },
    }),
  },
}

const provider = new Provider(issuer, {
  ...settings,
  clients: Object.entries(CLIENTS).map(([id, metadata]) => engineClient(id, metadata)),
  findAccount: (_ctx, sub) => ({
    accountId: sub,
    claims: () => ({ sub, name: PERSON.name, email: PERSON.email, email_verified: true, updated_at: 1 }),
  }),
  loadExistingGrant,
  renderError: (ctx) => void (ctx.body = 'error'),
  features: { ...settings.features, ...replaced } as NonNullable<Configuration['features']>,
})

const engine = provider.callback()
createServer((req, res) => {
  if (!req.url?.startsWith('/interaction/')) return void engine(req, res)
  const login = { accountId: 'pat', amr: ['pwd'], acr: 'urn:cardea:acr:pwd' }
  provider
    .interactionFinished(req, res, { login })
    .catch((error: unknown) => res.writeHead(500).end(String(error)))
}).listen(listen.port, listen.host)
reportUsage(() => ({ statements: 0, roundTrips: 0 }))

/** All that is asked for is granted, once per session and client: as ours does for a first-party client. */
async function loadExistingGrant({ oidc }: KoaContextWithOIDC) {
  const { client, session, account } = oidc
  if (!client || !session || !account) return undefined
  const known = session.grantIdFor(client.clientId)
  // The in-memory adapter keeps the newest entries only: a session may outlive its grant.
  const own = known ? await oidc.provider.Grant.find(known) : undefined
  if (own) return own
  const grant = new oidc.provider.Grant({ accountId: account.accountId, clientId: client.clientId })
  grant.addOIDCScope([...oidc.requestParamOIDCScopes].join(' '))
  await grant.save()
  return grant
}

function engineClient(id: string, metadata: (typeof CLIENTS)[keyof typeof CLIENTS]) {
  const usesCode = metadata.grant_types.some((type) => type === 'authorization_code')
  const isPublic = metadata.token_endpoint_auth_method === 'none'
  const { scope: _scope, ...rest } = metadata as { scope?: string }
  return {
    ...rest,
    client_id: id,
    response_types: usesCode ? ['code'] : [],
    ...(isPublic ? {} : { client_secret: SECRET }),
  } as NonNullable<Configuration['clients']>[number]
}
