import { compactVerify, createLocalJWKSet } from 'jose'
import type { JWK } from 'jose'
import type { Db } from '../../db/index.ts'
import { listSigningKeys } from '../signing-keys/list-keys.ts'
import { idDigest, isReadable } from '../store/rows.ts'
import { findToken } from './tokens.ts'
import type { ListedToken } from './tokens.ts'

const MAX_JWT_LENGTH = 8192

/**
 * What is known of a token by its value: an opaque one by its digest, a JWT access token by its `jti` once our signature on it has
 * been verified, even when it has expired. Null for every text that is no token of ours.
 */
export async function lookUpToken(db: Db, value: string): Promise<ListedToken | null> {
  if (value.split('.').length !== 3) return isReadable(value) ? findToken(db, idDigest(value)) : null
  const jti = await verifiedId(db, value)
  return jti === null ? null : findToken(db, idDigest(jti))
}

async function verifiedId(db: Db, value: string): Promise<string | null> {
  if (value.length > MAX_JWT_LENGTH) return null
  const keys = (await listSigningKeys(db)).map(({ kid, alg, publicJwk }): JWK => ({ ...publicJwk, kid, alg }))
  try {
    const { payload, protectedHeader } = await compactVerify(value, createLocalJWKSet({ keys }))
    const { jti } = JSON.parse(new TextDecoder().decode(payload)) as { jti?: unknown }
    return protectedHeader.typ === 'at+jwt' && typeof jti === 'string' && isReadable(jti) ? jti : null
  } catch {
    return null
  }
}
