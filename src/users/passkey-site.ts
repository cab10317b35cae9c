import { isIP } from 'node:net'
import { digest } from '../crypto/index.ts'

/** Whom a passkey is for (WebAuthn section 4, Relying Party): authenticators give it to no other site, which is why it cannot be phished. */
export type PasskeySite = {
  /** The issuer's host: changing it makes every passkey useless. */
  rpId: string
  origin: string
  /** What the authenticator shows. */
  name: string
}

/** The site that an issuer is, or null where there can be no passkeys: WebAuthn knows hosts by name, not by address. */
export function passkeySiteOf(issuer: string, name: string): PasskeySite | null {
  const { hostname, origin } = new URL(issuer)
  const isAddress = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
  return isAddress ? null : { rpId: hostname, origin, name }
}

/**
 * What an authenticator knows a user by (user handle, WebAuthn section 14.6.1): always the same, and tells nothing, not even
 * when they registered, as the subject would.
 */
export function userHandleOf(userId: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digest(`passkeys:user-handle:${userId.toLowerCase()}`))
}
