/** What one argon2id hash costs. */
export type HashParameters = { memoryKiB: number; passes: number; parallelism: number }

/** The least we hash with (OWASP Password Storage: m = 19 MiB, t = 2, p = 1). */
export const hashFloor: HashParameters = { memoryKiB: 19_456, passes: 2, parallelism: 1 }

/** Refuses parameters below the floor by throwing: a server configured so must not start. */
export function assertHashParameters(parameters: HashParameters): void {
  for (const name of ['memoryKiB', 'passes', 'parallelism'] as const) {
    const value = parameters[name]
    if (!Number.isInteger(value) || value < hashFloor[name])
      throw new RangeError(`argon2id ${name} must be a whole number of at least ${hashFloor[name]}`)
  }
}

const phc = /^\$argon2id\$v=19\$([a-z]=\d+(?:,[a-z]=\d+)*)\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$/

/** The parameters inside a hash in PHC string form; null for anything but argon2id of version 1.3. */
export function readHashParameters(hash: string): HashParameters | null {
  const [, list] = phc.exec(hash) ?? []
  if (list === undefined) return null
  const values = new Map(list.split(',').map((pair) => [pair.charAt(0), Number(pair.slice(2))] as const))
  const [memoryKiB, passes, parallelism] = [values.get('m'), values.get('t'), values.get('p')]
  if (memoryKiB === undefined || passes === undefined || parallelism === undefined) return null
  return { memoryKiB, passes, parallelism }
}

/** Throws for what no PasswordHasher made, so that a password can never be stored in a hash's place. */
export function assertPasswordHash(hash: string): void {
  if (!readHashParameters(hash)) throw new TypeError('not an argon2id hash')
}

/** True when a hash costs an attacker less than one made today would. Never true for one that costs more: rehashing must not weaken. */
export function isOutdated(stored: HashParameters | null, today: HashParameters): boolean {
  return stored === null || workOf(stored) < workOf(today)
}

/**
 * The work that a weaker, older hash lacks to cost as much as one of today's, or null. Doing it after a mismatch hides who
 * has not signed in since the parameters grew (TH-04).
 */
export function missingWork(stored: HashParameters, today: HashParameters): HashParameters | null {
  const missing = workOf(today) - workOf(stored)
  const passes = Math.ceil(missing / today.memoryKiB)
  if (passes < 1) return null
  const memoryKiB = Math.floor(missing / passes)
  // argon2 needs 8 KiB a lane; less than that is no work worth hiding.
  return memoryKiB < 8 * today.parallelism ? null : { memoryKiB, passes, parallelism: today.parallelism }
}

function workOf({ memoryKiB, passes }: HashParameters): number {
  return memoryKiB * passes
}
