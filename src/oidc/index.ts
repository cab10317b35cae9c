/**
 * The engine room: OAuth 2.0 and OpenID Connect. Sole importer of oidc-provider; owns grants, consents, sessions, tokens,
 * interactions, replay guards and signing keys. Below it the engine's store: joined reads, one transaction per request.
 * It refuses to know HTML (pages are handed in) and passwords (a subject is all it sees).
 * Entered by app.ts, which mounts it; by the interaction room, which moves a sign-in on; by whoever revokes.
 */
export { ACR } from './acr.ts'
export type { RequiredAcr } from './acr.ts'
export { isOptional } from './consent.ts'
export type { Asked, Decision } from './consent.ts'
export { sessionCookieName } from './cookies.ts'
export { createOidc } from './oidc.ts'
export type { Oidc } from './oidc.ts'
export { forgetConsents } from './grants.ts'
export type { AskedForConsent } from './grants.ts'
export type { Interaction, LoadedInteraction } from './interactions.ts'
export type { EnginePages, OidcOptions } from './options.ts'
export { revoke } from './revocation.ts'
export type { RevocationCounts, Selector } from './revocation.ts'
export { checkSigningKeys, ensureSigningKeys } from './signing-keys.ts'
export { sweepExpired } from './sweep.ts'
