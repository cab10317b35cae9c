import { createHash, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import argon2 from 'argon2'
import { createThread } from '../thread.ts'
import type { Thread } from '../thread.ts'
import type { OldHash } from './old-hash.ts'

/** Whether a password made the hash. Takes as long whatever the password. The event loop goes on meanwhile. */
export type VerifyOldHash = (hash: OldHash, password: string) => Promise<boolean>

const derivePbkdf2 = promisify(pbkdf2)

/** Makes the verifier of old hashes: bcrypt in at most `threads` threads, which start when needed and end when idle. */
export function createOldHashVerifier(threads: number): VerifyOldHash {
  const compareBcrypt = createBcryptThreads(threads)
  return async (hash, password) => {
    if (hash.kind === 'bcrypt') return compareBcrypt(hash.prehash ? sha256(password) : password, hash.hash)
    if (hash.kind === 'argon2') return argon2.verify(hash.phc, password)
    if (hash.kind === 'scrypt') return timingSafeEqual(await deriveScrypt(hash, password), hash.key)
    const { salt, iterations, key, digest } = hash
    return timingSafeEqual(await derivePbkdf2(password, salt, iterations, key.length, digest), key)
  }
}

/** As the systems that made these hashes did, bcrypt reads no more than the first 72 bytes. */
function createBcryptThreads(threads: number): (password: string, hash: string) => Promise<boolean> {
  const file = new URL('bcrypt-thread.ts', import.meta.url)
  type BcryptThread = Thread<{ password: string; hash: string }, boolean>
  const free = Array.from({ length: threads }, (): BcryptThread =>
    createThread({ file, timeoutMs: 15_000, most: 64, idleMs: 60_000 }),
  )
  return async (password, hash) => {
    // The hasher's queue lets no more run at once than there are threads. The last one used is warm.
    const thread = free.pop()
    if (!thread) throw new Error('more comparisons at once than threads')
    try {
      return await thread.ask({ password, hash })
    } finally {
      free.push(thread)
    }
  }
}

function deriveScrypt(
  { N, r, p, salt, key }: OldHash & { kind: 'scrypt' },
  password: string,
): Promise<Buffer> {
  const cost = { N, r, p, maxmem: 128 * N * r + 128 * r * p + 2 ** 20 }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, key.length, cost, (error, derived) => (error ? reject(error) : resolve(derived)))
  })
}

// Django's bcrypt_sha256: the digest in hexadecimal is what bcrypt gets.
function sha256(password: string): string {
  return createHash('sha256').update(password).digest('hex')
}
