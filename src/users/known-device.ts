import { mac, randomSecret, sameBytes } from '../crypto/index.ts'
import { isUserId } from './user-id.ts'

const LIFETIME_SECONDS = 180 * 24 * 60 * 60

/** A browser on which a user has signed in before. The nonce is its name: it counts attempts by itself. */
export type KnownDevice = { nonce: string; issuedAt: Date }

/**
 * Makes the token a browser keeps after a full sign-in, so that strangers who use up a user's attempts do not lock the user out
 * of it (TH-03). Stateless: an HMAC over user id, nonce and time of issue under the newest key. It proves nothing about who
 * types; it only buys attempts of its own. Throws when there is no key.
 */
export function issueDeviceToken(keys: readonly Buffer[], userId: string, now = new Date()): string {
  const [newest] = keys
  if (!newest) throw new Error('a device token needs a key')
  const nonce = randomSecret(16)
  const issued = Math.floor(now.getTime() / 1000).toString()
  return [nonce, issued, sign(newest, userId, nonce, issued)].join('.')
}

/**
 * The device named by a token, if it was issued to this very user, under one of these keys, within the last 180 days.
 * Null for anything else, whatever it looks like. Takes the user that somebody claims to be, not one who has proven it.
 */
export function readDeviceToken(
  keys: readonly Buffer[],
  input: { token: string | undefined; userId: string; now?: Date | undefined },
): KnownDevice | null {
  const { token = '', userId, now = new Date() } = input
  const [, nonce, issued, signature] = /^([\w-]{22})\.(\d{1,12})\.([\w-]{43})$/.exec(token) ?? []
  if (nonce === undefined || issued === undefined || signature === undefined || !isUserId(userId)) return null
  const genuine = keys.some((key) =>
    sameBytes(Buffer.from(signature), Buffer.from(sign(key, userId, nonce, issued))),
  )
  const issuedAt = new Date(Number(issued) * 1000)
  const age = (now.getTime() - issuedAt.getTime()) / 1000
  return genuine && age <= LIFETIME_SECONDS ? { nonce, issuedAt } : null
}

function sign(key: Buffer, userId: string, nonce: string, issued: string): string {
  return mac(key, 'known-device', userId.toLowerCase(), nonce, issued)
}
