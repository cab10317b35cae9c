import { z } from 'zod'

/** What a key has that must stay with its owner (RFC 7518 section 6). */
export const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

const text = z.string().min(1)
const described = {
  alg: text.optional(),
  kid: text.optional(),
  use: text.optional(),
  x5c: z.array(text).optional(),
}

const publicKey = z.discriminatedUnion('kty', [
  z.looseObject({ kty: z.literal('RSA'), n: text, e: text, ...described }),
  z.looseObject({ kty: z.literal('EC'), crv: text, x: text, y: text, ...described }),
  z.looseObject({ kty: z.literal('OKP'), crv: text, x: text, ...described }),
])

/** A client's public keys (RFC 7517): well-formed RSA, EC or OKP keys. Whether one of them is private is asked apart. */
export const jwksSchema = z.strictObject({ keys: z.array(publicKey).min(1).max(20) })
