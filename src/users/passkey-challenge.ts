import { digest, mac, randomSecret, sameBytes } from '../crypto/index.ts'
import type { Db, Tx } from '../db/index.ts'

const LIFETIME_SECONDS = 15 * 60

/**
 * What one challenge is for. `binding` is what it was shown in: the uid of a sign-in, or of the session of an account page.
 * With `userId` it is for that user alone.
 */
export type ChallengePurpose = {
  for: 'registration' | 'authentication'
  binding: string
  userId?: string | undefined
}

/**
 * Makes a challenge: 128 random bits, when it ends, and an HMAC over both and what it is for, under the newest key. Showing a page
 * therefore stores nothing, so that nobody can fill a table by asking for pages; only a challenge that was answered is kept.
 */
export function newChallenge(keys: readonly Buffer[], purpose: ChallengePurpose, now: Date): string {
  const [newest] = keys
  if (!newest) throw new Error('a challenge needs a key')
  const nonce = randomSecret(16)
  const expires = Math.floor(now.getTime() / 1000 + LIFETIME_SECONDS).toString()
  return Buffer.from(`${nonce}.${expires}.${sign(newest, purpose, nonce, expires)}`).toString('base64url')
}

/** When a challenge ends, if one of these keys made it for this very purpose and it has not ended; else null. */
export function readChallenge(
  keys: readonly Buffer[],
  purpose: ChallengePurpose,
  { challenge, now }: { challenge: string; now: Date },
): Date | null {
  const text = Buffer.from(challenge, 'base64url').toString('latin1')
  const [, nonce, expires, signature] = /^([\w-]{22})\.(\d{1,12})\.([\w-]{43})$/.exec(text) ?? []
  if (nonce === undefined || expires === undefined || signature === undefined) return null
  const isOurs = keys.some((key) =>
    sameBytes(Buffer.from(signature), Buffer.from(sign(key, purpose, nonce, expires))),
  )
  const expiresAt = new Date(Number(expires) * 1000)
  return isOurs && expiresAt > now ? expiresAt : null
}

/** Uses a challenge up. False when it was used before, on whatever instance. Part of the transaction of what it brings about. */
export async function spendChallenge(tx: Tx | Db, challenge: string, expiresAt: Date): Promise<boolean> {
  const { count } = await tx.passkeyChallenge.createMany({
    data: [{ digest: new Uint8Array(digest(`passkey_challenges:${challenge}`)), expiresAt }],
    skipDuplicates: true,
  })
  return count === 1
}

function sign(key: Buffer, purpose: ChallengePurpose, nonce: string, expires: string): string {
  const { binding, userId = '' } = purpose
  return mac(key, 'passkey-challenge', purpose.for, binding, userId.toLowerCase(), nonce, expires)
}
