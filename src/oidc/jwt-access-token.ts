import { createHash } from 'node:crypto'
import type { JWK } from 'jose'
import type { AccessToken, ClientCredentials, JWTStructured, KoaContextWithOIDC } from 'oidc-provider'
import { engineError } from './errors.ts'
import { JWT_KIND, tokenRow } from './store/rows.ts'
import { addWrite, unitOfWork } from './store/unit-of-work.ts'
import type { StatusNumbers } from './status-list/numbers.ts'
import { referenceTo } from './status-list/place.ts'

type Deps = { issuer: string; signingKeys: readonly JWK[]; statusNumbers: StatusNumbers }

/**
 * Completes each JWT access token (RFC 9068) and keeps what is needed to end it before its time: a row, known by the digest of its
 * jti and written with everything else of the request, and its place in a status list. An API sees of the grant only a name
 * that is another one at every API.
 */
export function createJwtAccessTokens({ issuer, signingKeys, statusNumbers }: Deps) {
  // The engine signs with the first key of the algorithm too.
  const kid = signingKeys.find(({ alg }) => alg === JWT_ALG)?.kid

  return async function jwtAccessToken(
    ctx: KoaContextWithOIDC,
    token: AccessToken | ClientCredentials,
    jwt: JWTStructured,
  ): Promise<undefined> {
    const { jti, exp, aud, iat, scope } = jwt.payload as Claims
    const work = unitOfWork(ctx)
    if (!work) throw new Error('a JWT access token outside of a request')
    const place = await statusNumbers.take(exp).catch((error: unknown) => {
      throw engineError(error)
    })
    const ofUser = 'accountId' in token ? grounds(token) : { kind: token.kind }
    const payload = { ...ofUser, kid, iat, exp, aud, scope, clientId: token.clientId, extra: token.extra }
    const row = tokenRow(JWT_KIND, jti, payload, undefined, work.readAt)
    row.status = { list: place.bucket, index: place.number }
    addWrite(work, { do: 'save_token', row })
    Object.assign(jwt.payload, {
      ...('grantId' in token && token.grantId ? { grant_ref: grantReference(aud, token.grantId) } : {}),
      status: { status_list: referenceTo(issuer, place) },
    })
  }
}

/** What JWT access tokens are signed with, and the lists that tell of them. */
export const JWT_ALG = 'ES256'

type Claims = { jti: string; exp: number; iat: number; aud: string; scope?: string }

/** What a user's token rests on, by the engine's names. */
function grounds(token: AccessToken) {
  const { kind, accountId, grantId, sessionUid, expiresWithSession, sid } = token
  return { kind, accountId, grantId, sessionUid, expiresWithSession, sid }
}

/** The same for all tokens of one grant at one API; from two APIs' references nobody can tell that the grant is the same. */
export function grantReference(audience: string, grantId: string): string {
  return createHash('sha256').update(`${audience}\n${grantId}`).digest('base64url').slice(0, 22)
}
