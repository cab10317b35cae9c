import type { Actor } from '../../audit/index.ts'
import { ADMIN_API, ADMIN_SCOPES, scopesOfRole } from '../../clients/index.ts'
import type { AdminScope } from '../../clients/index.ts'
import type { Database } from '../../db/index.ts'
import type { Bearer } from '../../oidc/index.ts'

/** Reads a bearer token meant for one audience; null for every token that is not acceptable at this instant. */
export type ReadBearer = (database: Database, token: string, audience: string) => Promise<Bearer | null>

/** Who asks, and what they may do. */
export type Caller = {
  bearer: Bearer
  /** What holds now: of the token, of its client, and of the person's role. */
  scopes: ReadonlySet<AdminScope>
  /** One word for the client and the person behind it: whom to count and whose idempotency keys are whose. */
  key: string
}

export function callerOf(bearer: Bearer): Caller {
  const ofRole = bearer.userId === null ? ADMIN_SCOPES : scopesOfRole(bearer.role)
  const scopes = ofRole.filter(
    (scope) => bearer.scopes.includes(scope) && bearer.clientScopes.includes(scope),
  )
  return { bearer, scopes: new Set(scopes), key: JSON.stringify([bearer.clientId, bearer.userId]) }
}

export function actorOf({ bearer }: Caller, requestId: string): Actor {
  const { clientId, userId, handle } = bearer
  return { via: 'admin_api', clientId, ...(userId !== null && { userId }), token: handle, requestId }
}

export { ADMIN_API }
export type { Bearer }
