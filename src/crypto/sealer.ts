import { decrypt, deriveKey, encrypt } from './aead.ts'
import { SealBroken } from './seal-broken.ts'

/** Seals under the newest key of a ring and opens under any of them. */
export interface Sealer {
  /**
   * Seals a text: `v1.<keyid>.<iv>.<ciphertext>.<tag>`. The context says where it will lie (`totp_credentials:<id>`):
   * the seal opens nowhere else, so two rows cannot be swapped.
   */
  seal(plaintext: string, context: string): string
  /** Opens what was sealed for this context. Throws SealBroken for anything changed, moved, or of an unknown key. */
  open(sealed: string, context: string): string
  /** Whether this was sealed under the newest key; what was not should be sealed anew. Does not open it. */
  isCurrent(sealed: string): boolean
}

const version = 'v1'

/** Makes a sealer from 32-byte keys, newest first (see `parseKeyring`). Throws on an empty ring or a key of another length. */
export function createSealer(keys: readonly Uint8Array[]): Sealer {
  const ring = new Map(keys.map(entryOf))
  const [newest] = ring
  if (!newest) throw new Error('a sealer needs at least one key')
  const [currentHead, currentKey] = newest

  return {
    seal: (plaintext, context) => encrypt(currentKey, currentHead, plaintext, context),
    open(sealed, context) {
      const fields = sealed.split('.')
      const head = fields.slice(0, 2).join('.')
      const key = ring.get(head)
      if (fields[0] !== version || fields.length !== 5) throw new SealBroken('malformed')
      if (!key) throw new SealBroken('unknown_key')
      return decrypt(key, head, fields.slice(2), context)
    },
    isCurrent: (sealed) => sealed.startsWith(`${currentHead}.`),
  }
}

// The id is derived apart from the key, so it can stand beside the ciphertext and tell nothing about the key.
function entryOf(material: Uint8Array): [head: string, key: Buffer] {
  if (material.byteLength !== 32) throw new Error('a sealing key must be 32 bytes long')
  const id = deriveKey(material, 'cardea/seal/v1/id').subarray(0, 6).toString('base64url')
  return [`${version}.${id}`, deriveKey(material, 'cardea/seal/v1/key')]
}
