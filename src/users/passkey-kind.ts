/** Where a passkey lives: in the device itself, or in one that is carried along (WebAuthn section 5.8.4, transports). */
export type PasskeyKind = 'platform' | 'roaming'

/** What an authenticator said of how it is reached tells; those that said nothing are taken for what most are. */
export function passkeyKind(transports: readonly string[]): PasskeyKind {
  const isOfTheDevice =
    transports.length === 0 || transports.some((way) => ['internal', 'hybrid'].includes(way))
  return isOfTheDevice ? 'platform' : 'roaming'
}
