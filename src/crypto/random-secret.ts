import { randomBytes } from 'node:crypto'

/** Makes an unguessable secret of so many random bytes (32 by default: 256 bits), written in base64url. */
export function randomSecret(bytes = 32): string {
  return randomBytes(bytes).toString('base64url')
}
