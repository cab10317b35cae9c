import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'

/** Signs what a checkpoint says; a compact JWS (RFC 7515) with the key's id in its header. */
export type Sign = (payload: object) => Promise<string>
/** The public key of that id that is trusted, or null. */
export type TrustedKey = (kid: string) => JsonWebKey | null

/** Of its own, so that no checkpoint passes for a token and no token for a checkpoint. */
const TYPE = 'audit-checkpoint'
const P1363 = 'ieee-p1363' as const

/** Signs checkpoints by ES256 with one of the private signing keys. */
export function checkpointSigner(jwk: JsonWebKey & { kid: string }): Sign {
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  const header = encode({ alg: 'ES256', kid: jwk.kid, typ: TYPE })
  return (payload) => {
    const input = `${header}.${encode(payload)}`
    const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: P1363 })
    return Promise.resolve(`${input}.${signature.toString('base64url')}`)
  }
}

/** What a checkpoint's signature covers, or null when it is not by a trusted key. */
export function openCheckpoint(jws: string, trustedKey: TrustedKey): Record<string, unknown> | null {
  const [header = '', payload = '', signature = '', ...rest] = jws.split('.')
  const head = decode(header)
  if (!head || rest.length > 0 || head['alg'] !== 'ES256' || head['typ'] !== TYPE) return null
  const jwk = typeof head['kid'] === 'string' ? trustedKey(head['kid']) : null
  if (jwk?.crv !== 'P-256') return null
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const input = Buffer.from(`${header}.${payload}`)
  const good = verify('sha256', input, { key, dsaEncoding: P1363 }, Buffer.from(signature, 'base64url'))
  return good ? decode(payload) : null
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
