import type { AdapterPayload, Client } from 'oidc-provider'
import { digest, sameBytes } from '../crypto/index.ts'
import type { StoredClient } from './store/client-reads.ts'

/**
 * A registered client as the engine wants it: RFC 7591 metadata. In the place of the secret stands its digest, and after a dot
 * that of the one before while it is still accepted; `isSecretOf` compares them with what was presented (CA-09).
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
    ...(row.secretDigest === null
      ? {}
      : { client_secret: [row.secretDigest, row.previousSecretDigest].filter(Boolean).join('.') }),
  }
}

/** Is what was presented one of the client's secrets? Each is compared, in a time that tells nothing. */
export function isSecretOf({ clientSecret = '' }: Client, presented: string): boolean {
  const offered = digest(presented)
  return clientSecret
    .split('.')
    .map((accepted) => sameBytes(offered, Buffer.from(accepted, 'base64url')))
    .includes(true)
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
