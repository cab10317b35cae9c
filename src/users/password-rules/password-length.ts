const MOST_BYTES = 1024

/** True for what is refused before any work is spent on it: more than 1 KiB. */
export function isTooLong(password: string): boolean {
  return password.length > MOST_BYTES || Buffer.byteLength(password) > MOST_BYTES
}

/** Characters as people count them: code points of the normal form that is hashed (NIST SP 800-63B-4 section 3.1.1.2). */
export function lengthOf(password: string): number {
  return Array.from(password.normalize('NFKC')).length
}
