import { importJWK, SignJWT } from 'jose'
import type { JWK } from 'jose'
import type { Db } from '../db/index.ts'

/** CAEP Interoperability Profile 1.0 section 2.6: every event is signed with RS256 and a key of at least 2048 bits; ours are. */
const ALG = 'RS256'

/** What a security event token says (RFC 8417 section 2.2). Without `sub` and `exp`, so that it passes for no other token (SSF section 4.1.3). */
export type SecurityEventClaims = {
  iss: string
  jti: string
  /** Unix times: when it was written down, and when it happened. */
  iat: number
  toe: number
  aud: string
  txn: string
  sub_id: Record<string, unknown>
  events: Record<string, Record<string, unknown>>
}

/** Signs a security event token with the key that signs ID tokens, typed so that it is taken for nothing else (RFC 8417 section 2.3). */
export async function signSecurityEvent(
  signingKeys: readonly JWK[],
  claims: SecurityEventClaims,
): Promise<string> {
  const key = signingKeys.find(({ alg }) => alg === ALG)
  if (!key) throw new Error(`there is no ${ALG} key to sign security events with`)
  return new SignJWT(claims)
    .setProtectedHeader({ alg: ALG, typ: 'secevent+jwt', ...(key.kid === undefined ? {} : { kid: key.kid }) })
    .sign(await importJWK(key, ALG))
}

/** The OpenID scopes that a user lets a client have now, by any grant that is in force. */
export async function grantedScopes(
  db: Db,
  { userId, clientId }: { userId: string; clientId: string },
): Promise<ReadonlySet<string>> {
  const rows = await db.$queryRaw<{ scope: string | null }[]>`
    SELECT payload #>> '{openid,scope}' AS scope FROM grants
    WHERE user_id = ${userId}::uuid AND client_id = ${clientId} AND revoked_at IS NULL AND expires_at > now() LIMIT 100`
  return new Set(rows.flatMap(({ scope }) => (scope ?? '').split(' ').filter(Boolean)))
}
