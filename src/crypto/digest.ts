import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/**
 * SHA-256 of a value's UTF-8 bytes. Enough for bearer secrets of 128 bits and more, which nobody can guess through a
 * hash; never for passwords.
 */
export function digest(value: string): Buffer {
  return createHash('sha256').update(value, 'utf8').digest()
}

/** Compares two byte strings in a time that tells nothing about where they differ. Unequal lengths are unequal. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}

/**
 * HMAC-SHA-256 over the parts, in base64url. Each part is preceded by its length in bytes, so `('ab', 'c')` and
 * `('a', 'bc')` never give the same code. Let the first part name the purpose.
 */
export function mac(key: Uint8Array, ...parts: string[]): string {
  const hmac = createHmac('sha256', key)
  for (const part of parts) {
    const bytes = Buffer.from(part, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.byteLength)
    hmac.update(length).update(bytes)
  }
  return hmac.digest('base64url')
}
