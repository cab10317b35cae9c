import { errors } from 'oidc-provider'
import type { Client, KoaContextWithOIDC, ResourceServer } from 'oidc-provider'
import type { Database } from '../db/index.ts'
import { ADMIN_API, scopesOfRole, SIGNALS_API, SIGNALS_SCOPES } from '../clients/index.ts'
import { registeredScopes } from './engine-client.ts'
import { engineError } from './errors.ts'
import { readApi } from './store/client-reads.ts'
import type { StoredApi } from './store/client-reads.ts'
import { unitOfWork } from './store/unit-of-work.ts'

/**
 * RFC 8707 for the engine: a resource indicator is one of our rows, compared exactly, or `invalid_target`.
 * Opaque tokens unless the resource server asks for JWTs (RFC 9068), which are signed ES256.
 */
export function createResourceIndicators(database: Database) {
  return {
    enabled: true,
    /**
     * Without a choice the first that the user was asked about; a token for two APIs at once is not to be had. A machine that asks for
     * nothing but scopes of streams means their API: receivers know scopes, and no resource (CAEP Interoperability Profile section 2.7.2).
     */
    defaultResource: (
      { oidc }: KoaContextWithOIDC,
      _client: unknown,
      oneOf?: readonly string[],
    ): string | string[] | undefined => {
      if (Array.isArray(oidc.params?.['resource'])) return [...(oneOf ?? [])]
      return oneOf?.[0] ?? (asksForStreams(oidc.params) ? SIGNALS_API : undefined)
    },
    useGrantedResource: () => false,
    async getResourceServerInfo(
      ctx: KoaContextWithOIDC,
      identifier: string,
      client: Client,
    ): Promise<ResourceServer> {
      const row = identifier.includes('\0') ? null : await find(database, ctx, identifier)
      if (!row) throw new errors.InvalidTarget('the resource is not known here')
      return {
        audience: row.identifier,
        scope: allowedScopes(ctx, client, row).join(' '),
        accessTokenFormat: row.accessTokenFormat,
        accessTokenTTL: row.accessTokenTtlSeconds,
        ...(row.accessTokenFormat === 'jwt' ? { jwt: { sign: { alg: 'ES256' } } } : {}),
      }
    },
  }
}

function asksForStreams(params: KoaContextWithOIDC['oidc']['params']): boolean {
  const { grant_type: grantType, scope } = params ?? {}
  if (grantType !== 'client_credentials' || typeof scope !== 'string') return false
  return scope.split(' ').every((word) => SIGNALS_SCOPES.includes(word))
}

async function find(
  { pool }: Database,
  ctx: KoaContextWithOIDC,
  identifier: string,
): Promise<StoredApi | null> {
  const known = unitOfWork(ctx)?.apis.get(identifier)
  if (known !== undefined) return known
  try {
    return await readApi(pool, identifier)
  } catch (error) {
    throw engineError(error)
  }
}

/**
 * A client registered with a scope list gets only those. Without one, users may allow it any scope of the API; for a token of
 * its own, where nobody is asked, it gets none.
 */
function allowedScopes({ oidc }: KoaContextWithOIDC, client: Client, api: StoredApi): string[] {
  const scopes = api.scopes.map(({ name }) => name)
  const registered = registeredScopes(client)
  // Power over this server is never had by not being asked about it.
  if (registered.size > 0 || [ADMIN_API, SIGNALS_API].includes(api.identifier))
    return scopes.filter((scope) => registered.has(scope))
  return oidc.params?.['grant_type'] === 'client_credentials' ? [] : scopes
}

/**
 * The last moment before a user's token for the admin API is saved: it says no more than what their role lets them do, and nobody
 * without a role gets one (RFC 6749 section 5.2). The API looks at the role again at each call.
 */
export function narrowToRole(ctx: KoaContextWithOIDC, token: { kind: string }): void {
  const issued = token as { kind: string; aud?: unknown; accountId?: string; scope?: string | undefined }
  if (issued.kind !== 'AccessToken' || issued.aud !== ADMIN_API || issued.accountId === undefined) return
  const role = unitOfWork(ctx)?.users.get(issued.accountId)?.role ?? null
  if (role === null)
    throw new errors.InvalidScope('the user has no role in running this server', issued.scope ?? '')
  const held = new Set<string>(scopesOfRole(role))
  issued.scope = (issued.scope ?? '')
    .split(' ')
    .filter((scope) => held.has(scope))
    .join(' ')
}
