import { promisify } from 'node:util'
import { deflate } from 'node:zlib'
import { importJWK, SignJWT } from 'jose'
import type { JWK } from 'jose'
import { JWT_ALG } from '../jwt-access-token.ts'
import { LIST_SIZE } from './place.ts'

const deflated = promisify(deflate)

/** One bit for each token, the first in the lowest bit of the first byte (draft-ietf-oauth-status-list section 4.1). 1 is revoked. */
export function statusBits(numbers: Iterable<number>): Buffer {
  const bytes = Buffer.alloc(LIST_SIZE / 8)
  for (const number of numbers) bytes[number >> 3] = (bytes[number >> 3] ?? 0) | (1 << (number & 7))
  return bytes
}

/**
 * Signs a status list as a JWT (draft-ietf-oauth-status-list section 5.1). `uri` is its address, `builtAt` the Unix time its content
 * is of; after `lifetime` seconds nobody may rely on it, and after `ttl` seconds a verifier asks for a newer one.
 */
export async function signStatusList(
  bits: Buffer,
  {
    uri,
    key,
    builtAt,
    ttl,
    lifetime,
  }: { uri: string; key: JWK; builtAt: number; ttl: number; lifetime: number },
): Promise<string> {
  const lst = (await deflated(bits, { level: 9 })).toString('base64url')
  const iat = Math.floor(builtAt)
  return new SignJWT({ ttl, status_list: { bits: 1, lst } })
    .setProtectedHeader({
      alg: JWT_ALG,
      typ: 'statuslist+jwt',
      ...(key.kid === undefined ? {} : { kid: key.kid }),
    })
    .setSubject(uri)
    .setIssuedAt(iat)
    .setExpirationTime(iat + lifetime)
    .sign(await importJWK(key, JWT_ALG))
}
