import { decrypt, deriveKey, encrypt } from './aead.ts'
import { SealBroken } from './seal-broken.ts'

const head = 'h1'
// 22 characters of base64url carry 128 bits. HKDF does not stretch, so a guessable secret would be no protection.
const shortestSecret = 22

/**
 * Seals a text so that only the holder of a high-entropy bearer secret can open it: `h1.<iv>.<ciphertext>.<tag>`.
 * The server keeps only a digest of that secret, so its database alone opens nothing.
 * Throws on a secret shorter than 22 characters: passwords and short codes have no place here.
 */
export function sealFor(holderSecret: string, plaintext: string, context: string): string {
  return encrypt(holderKey(holderSecret), head, plaintext, context)
}

/** Opens what `sealFor` made with the same secret and context. Throws SealBroken when anything differs. */
export function openFor(holderSecret: string, sealed: string, context: string): string {
  const [first, ...fields] = sealed.split('.')
  if (first !== head) throw new SealBroken('malformed')
  return decrypt(holderKey(holderSecret), head, fields, context)
}

function holderKey(secret: string): Buffer {
  if (secret.length < shortestSecret) throw new Error('this secret is too short to seal for its holder')
  return deriveKey(secret, 'cardea/seal-for/h1/key')
}
