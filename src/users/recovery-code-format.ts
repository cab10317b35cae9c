import { randomBytes } from 'node:crypto'
import { digest } from '../crypto/index.ts'

// Crockford's base 32: no I, L, O, U, so that a code copied by hand survives.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 16
const wellFormed = new RegExp(`^[${alphabet}]{${LENGTH}}$`)

/** Makes a code of 16 characters, 80 random bits, in groups of four. */
export function newRecoveryCode(): string {
  const characters = Array.from(randomBytes(LENGTH), (byte) => alphabet.charAt(byte % alphabet.length))
  return characters.join('').replaceAll(/(.{4})(?=.)/g, '$1-')
}

/** The code that somebody typed, with case, spaces and dashes forgiven and O, I, L read as 0, 1, 1; null for anything else. */
export function parseRecoveryCode(input: unknown): string | null {
  if (typeof input !== 'string' || input.length > 64) return null
  const code = input
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[\s\p{Pd}]/gu, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1')
  return wellFormed.test(code) ? code : null
}

/** What is stored of a code: a digest that means something for this user only. Dashes make no difference. */
export function recoveryCodeDigest(userId: string, code: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digest(`recovery_codes:${userId.toLowerCase()}:${code.replaceAll('-', '')}`))
}
