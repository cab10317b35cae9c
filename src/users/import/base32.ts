const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Bytes in base32 without padding (RFC 4648 section 6). */
export function toBase32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups.map((group) => alphabet.charAt(Number.parseInt(group.padEnd(5, '0'), 2))).join('')
}

/** The bytes of base32 in any case, with or without padding and spaces; null for what is none. Bits beyond the last whole byte are dropped. */
export function fromBase32(text: string): Buffer | null {
  const signs = text.toUpperCase().replaceAll(/[\s=-]/g, '')
  if (!/^[A-Z2-7]+$/.test(signs)) return null
  const bits = Array.from(signs, (sign) => alphabet.indexOf(sign).toString(2).padStart(5, '0')).join('')
  const bytes = bits.match(/.{8}/g) ?? []
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)))
}
