import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { decodeBase64url } from './base64url.ts'
import { SealBroken } from './seal-broken.ts'

// AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D §8.2.2): good for 2^32 seals under one key.
const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** Derives a 32-byte key for one purpose from secret material (HKDF-SHA-256, RFC 5869), so that no key has two uses. */
export function deriveKey(material: string | Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', material, '', purpose, 32))
}

/** Encrypts and authenticates: `<head>.<iv>.<ciphertext>.<tag>`. The head and the context are authenticated too. */
export function encrypt(key: Uint8Array, head: string, plaintext: string, context: string): string {
  const iv = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes })
  cipher.setAAD(associatedData(head, context))
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  const body = [iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url'))
  return [head, ...body].join('.')
}

/** Opens what `encrypt` made from its last three fields; throws SealBroken unless every bit and the context agree. */
export function decrypt(key: Uint8Array, head: string, fields: readonly string[], context: string): string {
  const [iv, ciphertext, tag] = fields.map(decodeBase64url)
  if (fields.length !== 3 || !iv || !ciphertext || !tag) throw new SealBroken('malformed')
  if (iv.byteLength !== nonceBytes || tag.byteLength !== tagBytes) throw new SealBroken('malformed')
  const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes })
  decipher.setAAD(associatedData(head, context)).setAuthTag(tag)
  const plaintext = decipher.update(ciphertext)
  try {
    return Buffer.concat([plaintext, decipher.final()]).toString('utf8')
  } catch {
    throw new SealBroken('tampered')
  }
}

// A head holds no line end, so head and context cannot be told apart in two ways.
function associatedData(head: string, context: string): Buffer {
  return Buffer.from(`${head}\n${context}`, 'utf8')
}
