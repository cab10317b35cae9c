import { errors } from 'oidc-provider'
import type { Client, KoaContextWithOIDC, ResourceServer } from 'oidc-provider'
import type { Database } from '../db/index.ts'
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
    /** Without a choice the first that the user was asked about; a token for two APIs at once is not to be had. */
    defaultResource: (
      { oidc }: KoaContextWithOIDC,
      _client: unknown,
      oneOf?: readonly string[],
    ): string | string[] | undefined =>
      Array.isArray(oidc.params?.['resource']) ? [...(oneOf ?? [])] : oneOf?.[0],
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
        scope: allowedScopes(
          ctx,
          client,
          row.scopes.map(({ name }) => name),
        ).join(' '),
        accessTokenFormat: row.accessTokenFormat,
        accessTokenTTL: row.accessTokenTtlSeconds,
        ...(row.accessTokenFormat === 'jwt' ? { jwt: { sign: { alg: 'ES256' } } } : {}),
      }
    },
  }
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
function allowedScopes({ oidc }: KoaContextWithOIDC, client: Client, scopes: string[]): string[] {
  const registered = registeredScopes(client)
  if (registered.size > 0) return scopes.filter((scope) => registered.has(scope))
  return oidc.params?.['grant_type'] === 'client_credentials' ? [] : scopes
}
