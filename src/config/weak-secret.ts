// Words of six letters and more: shorter ones turn up by chance in random base64url.
const placeholders =
  /change[-_]?me|password|passw0rd|secret|default|example|insecure|placeholder|your[-_]?key/i

/**
 * What gives a key away as not random, or undefined. None of these happens to 32 random bytes by chance
 * (the likeliest, one of the words within the text, less than once in ten million).
 */
export function weaknessOf(key: Buffer): string | undefined {
  if (placeholders.test(key.toString('base64url')) || placeholders.test(key.toString('latin1'))) {
    return 'is a placeholder'
  }
  if (key.every((byte) => byte >= 0x20 && byte < 0x7f)) return 'is readable text rather than random bytes'
  if (new Set(key).size < 12) return 'repeats itself'
  const step = difference(key, 1)
  if (key.subarray(1).every((_, index) => difference(key, index + 1) === step)) return 'is a plain sequence'
  return undefined
}

function difference(key: Buffer, index: number): number {
  return ((key[index] ?? 0) - (key[index - 1] ?? 0)) & 0xff
}
