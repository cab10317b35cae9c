/**
 * Secrets at rest: a key ring that seals what must be read again (TOTP seeds, private keys), a seal that only the
 * holder of a bearer secret can open, digests for what must only be recognised, and random secrets.
 * It refuses to open anything whose bytes, key or context differ by one bit, and never puts a value into an error.
 * It does not know what it seals. Every room above may enter.
 */
export { digest, mac, sameBytes } from './digest.ts'
export { openFor, sealFor } from './holder-seal.ts'
export { parseKeyring } from './keyring.ts'
export { randomSecret } from './random-secret.ts'
export { SealBroken } from './seal-broken.ts'
export { createSealer, type Sealer } from './sealer.ts'
