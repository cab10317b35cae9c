import type { Provider } from 'oidc-provider'
import { ADMIN_API } from '../../clients/index.ts'
import type { Database } from '../../db/index.ts'
import { readBearer } from '../bearer.ts'
import { readSignedCaller } from './signed-caller.ts'

/** A client that may be asking for a user's access to end, and what it may do now. */
export type Caller = {
  clientId: string
  /** The person it asks for; a machine asks for nobody. */
  userId: string | null
  scopes: ReadonlySet<string>
  /** The handle of the access token it came with, if it came with one. */
  token?: string
}

type Deps = { database: Database; provider: () => Pick<Provider, 'Client'> }

/**
 * Who asks: by `Authorization: Bearer` alone, with an access token for the admin API or with a JWT that they signed for this endpoint.
 * Null for whoever is not known. A person has no scope here: what people may end, and how surely they must have signed in
 * for it, is the admin API's business.
 */
export async function readCaller(
  { database, provider }: Deps,
  authorization: string,
  endpoint: string,
): Promise<Caller | null> {
  const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(authorization) ?? []
  if (token === undefined) return null
  if (token.split('.').length === 3) {
    const signed = await readSignedCaller(provider(), database, token, endpoint)
    return signed && { ...signed, userId: null }
  }
  const bearer = await readBearer(database, token, ADMIN_API)
  if (!bearer) return null
  const { clientId, clientScopes, userId, handle } = bearer
  // What the client is registered for now, whatever its token was issued with.
  const scopes = userId === null ? bearer.scopes.filter((scope) => clientScopes.includes(scope)) : []
  return { clientId, userId, scopes: new Set(scopes), token: handle }
}
