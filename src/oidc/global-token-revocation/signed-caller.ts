import { compactVerify, decodeJwt, decodeProtectedHeader } from 'jose'
import type { CryptoKey, JWTPayload, KeyObject } from 'jose'
import { errors } from 'oidc-provider'
import type { Client, Provider } from 'oidc-provider'
import type { Database } from '../../db/index.ts'
import { registeredScopes } from '../engine-client.ts'
import { saveOnce } from '../store/replay-guard.ts'
import { isReadable } from '../store/rows.ts'

/** As for client assertions: so long must a jti be remembered. */
const MAX_SECONDS = 300
const CLOCK_TOLERANCE = 5
const algorithms = ['RS256', 'ES256', 'EdDSA']

/** The engine's keys of a client, fetched from its jwks_uri when they must be; its published types leave it out. */
type ClientKeys = {
  fresh(): boolean
  refresh(): Promise<void>
  selectForVerify(by: { alg: string; kid?: string | undefined }): object[]
  getKeyObject(key: object, isPublic: true): CryptoKey | KeyObject
}
type KeyedClient = Client & { asymmetricKeyStore: ClientKeys }

export type SignedCaller = { clientId: string; scopes: Set<string> }

/**
 * Who signed this JWT (draft-parecki-oauth-global-token-revocation-06 section 3.5): a client registered for private_key_jwt, for
 * this endpoint and nothing else, once, and for five minutes at most. Null for any other.
 */
export async function readSignedCaller(
  { Client: clients }: Pick<Provider, 'Client'>,
  { pool }: Pick<Database, 'pool'>,
  jwt: string,
  endpoint: string,
): Promise<SignedCaller | null> {
  const claimed = decoded(jwt)
  if (!claimed || !isMeantFor(claimed.payload, endpoint)) return null
  const { payload, alg, kid } = claimed
  const client = (await clients.find(payload.iss)) as KeyedClient | undefined
  if (client?.tokenEndpointAuthMethod !== 'private_key_jwt') return null
  if ((client.tokenEndpointAuthSigningAlg ?? alg) !== alg) return null
  if (!(await isSignedBy(client.asymmetricKeyStore, jwt, { alg, kid }))) return null
  try {
    // Of any number of parallel uses one goes on.
    await saveOnce(
      pool,
      `${endpoint} ${payload.iss} ${payload.jti}`,
      {},
      payload.exp - now() + CLOCK_TOLERANCE,
    )
  } catch (error) {
    if (error instanceof errors.InvalidClientAuth) return null
    throw error
  }
  return { clientId: client.clientId, scopes: registeredScopes(client) }
}

type Meant = JWTPayload & { iss: string; jti: string; exp: number }

/** All claims that section 3.5 asks for, with the values it asks for. */
function isMeantFor(payload: JWTPayload, endpoint: string): payload is Meant {
  const { iss, sub, aud, jti, iat, exp, nbf } = payload
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  return (
    typeof iss === 'string' &&
    isReadable(iss) &&
    iss === sub &&
    audience === endpoint &&
    typeof jti === 'string' &&
    jti !== '' &&
    isReadable(jti) &&
    typeof iat === 'number' &&
    iat <= now() + CLOCK_TOLERANCE &&
    typeof exp === 'number' &&
    exp > now() - CLOCK_TOLERANCE &&
    exp <= now() + MAX_SECONDS &&
    (nbf === undefined || (typeof nbf === 'number' && nbf <= now() + CLOCK_TOLERANCE))
  )
}

function decoded(jwt: string): { payload: JWTPayload; alg: string; kid: string | undefined } | null {
  try {
    const { alg, kid } = decodeProtectedHeader(jwt)
    if (alg === undefined || !algorithms.includes(alg)) return null
    return { payload: decodeJwt(jwt), alg, kid }
  } catch {
    return null
  }
}

/** Tries the keys at hand, and once more those that the client publishes now. */
async function isSignedBy(
  keys: ClientKeys,
  jwt: string,
  { alg, kid }: { alg: string; kid: string | undefined },
): Promise<boolean> {
  for (const key of keys.selectForVerify({ alg, kid }))
    try {
      await compactVerify(jwt, keys.getKeyObject(key, true), { algorithms: [alg] })
      return true
    } catch {
      // Not this one.
    }
  if (keys.fresh()) return false
  try {
    await keys.refresh()
  } catch {
    return false
  }
  return isSignedBy(keys, jwt, { alg, kid })
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}
