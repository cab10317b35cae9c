/** A password hash of another system. It verifies one sign-in and is then replaced by argon2id. */
export type OldHash =
  | { kind: 'bcrypt'; hash: string; cost: number; prehash: boolean }
  | { kind: 'pbkdf2'; digest: 'sha1' | 'sha256' | 'sha512'; iterations: number; salt: Buffer; key: Buffer }
  | { kind: 'scrypt'; N: number; r: number; p: number; salt: Buffer; key: Buffer }
  | { kind: 'argon2'; phc: string; memoryKiB: number; passes: number; parallelism: number }

/** `too_costly`: one sign-in with it would cost seconds or hundreds of megabytes. */
export type OldHashRead = { ok: true; hash: OldHash } | { ok: false; reason: 'unsupported' | 'too_costly' }

/**
 * Reads a hash as crypt(3), PHC strings, Django or passlib write it:
 * `$2b$12$…` (also 2a, 2y) · `$pbkdf2-sha512$i=210000,l=64$salt$key`, `$pbkdf2-sha256$29000$salt$key` · `$scrypt$ln=16,r=8,p=1$salt$key` ·
 * `$argon2id$v=19$m=…,t=…,p=…$salt$key` (also argon2i, argon2d) · Django's `pbkdf2_sha256$…`, `pbkdf2_sha1$…`, `scrypt$…`, `argon2$…`,
 * `bcrypt$…`, `bcrypt_sha256$…`. Refuses the rest, and parameters that are dearer than any sensible system's.
 */
export function readOldHash(text: string): OldHashRead {
  if (text.length > 1024) return { ok: false, reason: 'unsupported' }
  const read = readers.reduce<OldHash | null>((found, reader) => found ?? reader(text), null)
  if (!read) return { ok: false, reason: 'unsupported' }
  return isAffordable(read) ? { ok: true, hash: read } : { ok: false, reason: 'too_costly' }
}

type Reader = (text: string) => OldHash | null
/** What a pattern has found; empty where it found nothing. */
type Groups = [string, string, string, string, string]

const b64 = '([A-Za-z0-9+/.]+={0,2})'
/** A salt that is text. Nothing in it that the database would not take: one such hash would keep out all that are imported with it. */
const salted = String.raw`([^$\p{C}]{1,128})`

const readers: readonly Reader[] = [
  reader(
    /^(?:bcrypt\$|(bcrypt_sha256)\$)?(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})$/,
    ([prehash, hash, cost]) => ({
      ...{ kind: 'bcrypt', hash, cost: Number(cost), prehash: prehash === 'bcrypt_sha256' },
    }),
  ),
  // Django: pbkdf2_sha256$870000$salt$key, the salt as text.
  reader(
    new RegExp(String.raw`^pbkdf2_(sha1|sha256|sha512)\$(\d{1,10})\$${salted}\$${b64}$`, 'u'),
    ([digest, iterations, salt, key]) => ({
      ...{ kind: 'pbkdf2', digest: digest as 'sha1', iterations: Number(iterations) },
      ...{ salt: Buffer.from(salt), key: bytes(key) },
    }),
  ),
  // PHC, and passlib, which leaves out the name of the number: $pbkdf2-sha256$29000$salt$key, $pbkdf2$ for SHA-1.
  reader(
    new RegExp(
      String.raw`^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,10})(?:,l=\d+)?\$${b64}\$${b64}$`,
    ),
    ([digest, iterations, salt, key]) => ({
      ...{ kind: 'pbkdf2', digest: (digest || 'sha1') as 'sha1', iterations: Number(iterations) },
      ...{ salt: bytes(salt), key: bytes(key) },
    }),
  ),
  reader(
    new RegExp(String.raw`^\$scrypt\$ln=(\d{1,2}),r=(\d{1,4}),p=(\d{1,4})\$${b64}\$${b64}$`),
    ([ln, r, p, salt, key]) => ({
      ...{
        kind: 'scrypt',
        N: 2 ** Number(ln),
        r: Number(r),
        p: Number(p),
        salt: bytes(salt),
        key: bytes(key),
      },
    }),
  ),
  // Django: scrypt$16384$salt$8$5$key
  reader(
    new RegExp(String.raw`^scrypt\$(\d{1,10})\$${salted}\$(\d{1,4})\$(\d{1,4})\$${b64}$`, 'u'),
    ([N, salt, r, p, key]) => ({
      ...{
        kind: 'scrypt',
        N: Number(N),
        r: Number(r),
        p: Number(p),
        salt: Buffer.from(salt),
        key: bytes(key),
      },
    }),
  ),
  reader(
    /^(?:argon2)?(\$argon2(?:id|i|d)\$v=(?:16|19)\$((?:[mtp]=\d{1,10},){2}[mtp]=\d{1,10})\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,})$/,
    ([phc, costs]) => {
      // In whatever order; one that is missing is 0, which nothing affords.
      const cost = (name: string) => Number(new RegExp(`${name}=(\\d+)`).exec(costs)?.[1] ?? 0)
      return { kind: 'argon2', phc, memoryKiB: cost('m'), passes: cost('t'), parallelism: cost('p') }
    },
  ),
]

/** Bounds of what one sign-in may cost: about two seconds of one core, and 256 MiB. */
function isAffordable(hash: OldHash): boolean {
  if (hash.kind === 'bcrypt') return within(hash.cost, 4, 14)
  if (hash.kind === 'argon2')
    return (
      within(hash.memoryKiB, 8 * hash.parallelism, 262_144) &&
      within(hash.memoryKiB * hash.passes, 8, 2 ** 20) &&
      within(hash.parallelism, 1, 16)
    )
  if (!within(hash.key.length, 16, 128)) return false
  if (hash.kind === 'pbkdf2') {
    const blocks = Math.ceil(hash.key.length / { sha1: 20, sha256: 32, sha512: 64 }[hash.digest])
    return within(hash.iterations * blocks, 1, 4_000_000)
  }
  const { N, r, p } = hash
  const isPowerOfTwo = Number.isInteger(Math.log2(N)) && N > 1
  return isPowerOfTwo && within(128 * N * r, 1, 2 ** 28) && within(N * r * p, 1, 2 ** 22)
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most
}

function reader(pattern: RegExp, make: (parts: Groups) => OldHash): Reader {
  return (text) => {
    const match = pattern.exec(text)
    return match && make(match.slice(1).map((part: string | undefined) => part ?? '') as Groups)
  }
}

// passlib writes "." for "+".
function bytes(text: string): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64')
}
