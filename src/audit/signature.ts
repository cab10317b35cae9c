import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'

/** A private key as a JWK. */
type SigningKey = { kid?: string; alg?: string; kty?: string }
/** Signs what a checkpoint says; a compact JWS (RFC 7515) with the key's id in its header. */
export type Sign = (payload: object) => Promise<string>
/**
 * The public key of that id, or null when there never was one. `proven`: by more than the database, which whoever rewrites the
 * chain can write to as well; its private part is sealed under our key ring.
 */
export type FindKey = (kid: string) => { jwk: JsonWebKey; proven: boolean } | null

/** Of its own, so that no checkpoint passes for a token and no token for a checkpoint. */
const TYPE = 'audit-checkpoint'
const P1363 = 'ieee-p1363' as const

/** Signs checkpoints by ES256, with the first such key of those that the server signs with now. */
export function checkpointSigner(keys: readonly SigningKey[]): Sign {
  return (payload) => {
    const jwk = keys.find(({ alg }) => alg === 'ES256')
    if (!jwk) return Promise.reject(new Error('there is no ES256 key to sign the audit chain with'))
    const input = `${encode({ alg: 'ES256', kid: jwk.kid, typ: TYPE })}.${encode(payload)}`
    const key = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: P1363 })
    return Promise.resolve(`${input}.${signature.toString('base64url')}`)
  }
}

/** What a checkpoint's signature covers and whether its key is proven, or null when it is not signed by any of our keys. */
export function openCheckpoint(
  jws: string,
  findKey: FindKey,
): { said: Record<string, unknown>; proven: boolean } | null {
  const [header = '', payload = '', signature = '', ...rest] = jws.split('.')
  const head = decode(header)
  if (!head || rest.length > 0 || head['alg'] !== 'ES256' || head['typ'] !== TYPE) return null
  const { kid } = head
  const found = typeof kid === 'string' ? findKey(kid) : null
  if (found?.jwk.crv !== 'P-256' || thumbprint(found.jwk) !== kid) return null
  const key = createPublicKey({ key: found.jwk, format: 'jwk' })
  const input = Buffer.from(`${header}.${payload}`)
  const good = verify('sha256', input, { key, dsaEncoding: P1363 }, Buffer.from(signature, 'base64url'))
  const said = good ? decode(payload) : null
  return said && { said, proven: found.proven }
}

/** The key's id is made from the key (RFC 7638): another key cannot pass under it. */
function thumbprint({ crv, kty, x, y }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): Record<string, unknown> | null {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown> | null
  } catch {
    return null
  }
}
