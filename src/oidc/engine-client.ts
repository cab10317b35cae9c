import type { AdapterPayload, Client } from 'oidc-provider'
import type { StoredClient } from './store/client-reads.ts'

/**
 * A registered client as the engine wants it: RFC 7591 metadata. In the place of the secret stands its digest, which
 * `compareClientSecret` (provider.ts) compares with the digest of what was presented (CA-09).
 */
export function engineClient(row: StoredClient): AdapterPayload {
  const { scope, ...metadata } = row.metadata as { scope?: string; grant_types: string[] }
  return {
    ...metadata,
    ...engineScope(scope),
    client_id: row.id,
    client_name: row.name,
    response_types: metadata.grant_types.includes('authorization_code') ? ['code'] : [],
    first_party: row.firstParty,
    ...(row.secretDigest === null ? {} : { client_secret: row.secretDigest }),
  }
}

const openidScopes = new Set(['openid', 'offline_access', 'profile', 'email'])

/** The engine knows the scopes of OpenID; those of resource servers are checked in resource-servers.ts. */
function engineScope(scope: string | undefined): AdapterPayload {
  if (scope === undefined) return {}
  const known = scope.split(' ').filter((name) => openidScopes.has(name))
  return { registered_scope: scope, ...(known.length > 0 ? { scope: known.join(' ') } : {}) }
}

/** The scopes a client was registered with, of whatever resource server; none when it has no list. */
export function registeredScopes(client: Client | undefined): Set<string> {
  const scopes = client?.['registered_scope']
  return new Set(typeof scopes === 'string' ? scopes.split(' ') : [])
}
