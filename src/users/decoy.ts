import { mac } from '../crypto/index.ts'
import { Prisma } from '../db/index.ts'

/**
 * Where an address that nobody has falls among the users, as a signed 64-bit number: by a MAC under the newest key, so that it is the
 * same on every instance and at every attempt, and nobody else can tell whom it falls next to. Takes a normalised address.
 */
export function decoyPoint(keys: readonly Buffer[], email: string): bigint {
  const [newest] = keys
  if (!newest) throw new Error('a decoy needs a key')
  return Buffer.from(mac(newest, 'password-decoy', email), 'base64url').readBigInt64BE()
}

/**
 * The password hash of the user next to a point, to do the work with for an address that nobody has: imported hashes cost another time
 * than ours, and whoever met always ours, or those of a neighbour in the alphabet, could tell that they met nobody (TH-04). Users stand in
 * the order of a hash of their ids, which has nothing to do with when they came or how: so each kind of hash is met as often as there are
 * users who have it. One step in the index users_decoy_idx, or two beyond the last of them.
 */
export function decoyQuery(point: bigint): Prisma.Sql {
  return Prisma.sql`
    SELECT password_hash FROM (
      (SELECT 0 AS lap, password_hash FROM users WHERE uuid_hash_extended(id, 0) >= ${point}::bigint
        ORDER BY uuid_hash_extended(id, 0) LIMIT 1)
      UNION ALL
      (SELECT 1, password_hash FROM users ORDER BY uuid_hash_extended(id, 0) LIMIT 1)) AS next_to
    ORDER BY lap LIMIT 1`
}
