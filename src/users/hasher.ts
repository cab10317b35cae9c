import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import argon2 from 'argon2'
import { assertHashParameters, isOutdated, missingWork, readHashParameters } from './hash-parameters.ts'
import type { HashParameters } from './hash-parameters.ts'
import { createHashQueue } from './hash-queue.ts'
import { readOldHash } from './old-hashes/old-hash.ts'
import { createOldHashVerifier } from './old-hashes/verify-old-hash.ts'
import { isTooLong } from './password-rules/password-length.ts'

type PasswordHasherOptions = Partial<HashParameters> & {
  /** Hashes at once; 0 or absent: one for each core but one, at least one and at most three. */
  concurrency?: number | undefined
  /** Hashes that may wait for their turn (32). */
  queue?: number | undefined
}

export type PasswordHasher = {
  /** Hashes a new password. Throws RangeError for one over 1 KiB (ask `passwordProblem` first), HasherBusy when the queue is full. */
  hash(password: string): Promise<string>
  /**
   * True when the password made the hash, one of ours or of another system (old-hashes/). A null hash costs the same as ours and is never true. A password over 1 KiB is false
   * without any work, whoever it is for. Throws HasherBusy when the queue is full.
   */
  verify(hash: string | null, password: string): Promise<boolean>
  /**
   * Runs work that will hash before long, if it has a chance to: as many at once as may hash and wait. Throws HasherBusy otherwise, before
   * the work has asked the database anything: a stampede must not take away the connections that tokens need. Nor must one address the
   * places that others need: `share` says whose it is.
   */
  admit<T>(work: () => Promise<T>, share?: string): Promise<T>
  /** Would `admit` refuse this share now? For turning somebody away before anything of theirs is read. */
  isFull(share?: string): boolean
  /** True when the hash should be renewed because it is of another system, or costs less than one made today. */
  needsRehash(hash: string): boolean
  /** How busy the hasher is, how many passwords it has compared since it was made, and how much it has refused with HasherBusy. */
  stats(): { active: number; waiting: number; comparisons: number; refused: number }
}

// argon2 runs on libuv's pool of four threads, which look-ups of names and files need too: leave them one.
const MOST_AT_ONCE = 3
const ASIDE = 2

/**
 * Makes the one place where passwords are hashed: argon2id, NFKC, at most `concurrency` at once. Lives as long as the process.
 * Throws RangeError for parameters below the floor of 19 MiB, 2 passes, 1 lane (PW-03).
 */
export function createPasswordHasher(options: PasswordHasherOptions = {}): PasswordHasher {
  const { memoryKiB = 19_456, passes = 2, parallelism = 1, queue = 32 } = options
  const today: HashParameters = { memoryKiB, passes, parallelism }
  assertHashParameters(today)
  const concurrency = options.concurrency || Math.max(1, Math.min(availableParallelism() - 1, MOST_AT_ONCE))
  const turns = createHashQueue({ concurrency, queue })
  // Enough to keep the hashing busy while others read and write; more would take the database's connections from the tokens. In a crowd
  // only those who hash: fewer of them get in, and the tokens of everybody else come as quickly as ever (docs/performance.md).
  const places = createHashQueue({ concurrency, aside: ASIDE, queue })
  const decoy = decoyHash(today)
  const verifyOld = createOldHashVerifier(concurrency)
  let comparisons = 0

  async function compare(hash: string | null, text: string): Promise<boolean> {
    comparisons += 1
    const stored = hash === null ? null : readHashParameters(hash)
    if (hash === null || stored === null) {
      const old = hash === null ? null : readOldHash(hash)
      if (old?.ok) return verifyOld(old.hash, text)
      await argon2.verify(decoy, text)
      return false
    }
    const matches = await argon2.verify(hash, text)
    const missing = matches ? null : missingWork(stored, today)
    if (missing) await argon2.hash(text, { ...inArgon2Words(missing), raw: true })
    return matches
  }

  return {
    async hash(password) {
      if (isTooLong(password)) throw new RangeError('The password is too long to be hashed')
      return turns.run(() => argon2.hash(prepare(password), inArgon2Words(today)))
    },
    async verify(hash, password) {
      if (isTooLong(password)) return false
      return turns.run(async () => {
        // What other systems hashed may not have been the normal form. Tried for everybody, so that it tells nothing.
        for (const text of new Set([prepare(password), password])) if (await compare(hash, text)) return true
        return false
      })
    },
    admit: (work, share) => places.run(work, share),
    isFull: (share) => places.isFull(share),
    needsRehash: (hash) => isOutdated(readHashParameters(hash), today),
    stats: () => ({
      ...{ active: turns.active(), waiting: places.waiting() + turns.waiting(), comparisons },
      refused: places.refused() + turns.refused(),
    }),
  }
}

// The same characters typed on another keyboard are the same password (NIST SP 800-63B section 3.1.1.2).
function prepare(password: string): string {
  return password.normalize('NFKC')
}

function inArgon2Words({ memoryKiB, passes, parallelism }: HashParameters) {
  return { type: argon2.argon2id, memoryCost: memoryKiB, timeCost: passes, parallelism } as const
}

// Random bytes in a hash's form: comparing with it costs what comparing with a real one costs, and nothing matches.
function decoyHash({ memoryKiB, passes, parallelism }: HashParameters): string {
  const part = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '')
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$${part(16)}$${part(32)}`
}
