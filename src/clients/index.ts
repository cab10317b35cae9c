/**
 * The clients room: the apps registered to ask for tokens, and the resource servers those tokens are for.
 * Owns the tables clients, client_logos, resource_servers, scope_words and themes, in RFC 7591 names; secrets are stored as SHA-256 digests and
 * shown once. What scopes and claims are called, in which language, is said here. It refuses metadata that would make an open redirector or a client without proof of who it is.
 * It knows no End-Users and no tokens: ending a client's tokens is composed above.
 */
export { ADMIN_API, ADMIN_SCOPES, adminScopeWords, scopesOfRole } from './admin-api.ts'
export type { AdminScope } from './admin-api.ts'
export { countClients } from './count-clients.ts'
export { ACCOUNT_CALLBACK, ACCOUNT_PAGES, COMMAND_LINE, ensureBuiltIn } from './built-in.ts'
export { checkMetadata, clientMetadataSchema } from './metadata.ts'
export type { ClientMetadata, MetadataProblem } from './metadata.ts'
export { lockClient, setClientDisabled, updateClient, updateClientMetadata } from './change-client.ts'
export { MAX_OVERLAP_SECONDS, rotateClientSecret } from './client-secret.ts'
export { createClient, deleteClient, findClient, findClients, listClients, pageOfClients } from './client.ts'
export type { NewClient } from './client.ts'
export { findLogo, logoAddress, logoAddresses, logoStatus } from './logos/find.ts'
export type { LogoStatus } from './logos/find.ts'
export { inspectImage } from './logos/image.ts'
export type { ImageRefusal } from './logos/image.ts'
export { claimLogo, secondsToNextLogo, settleLogo } from './logos/queue.ts'
export type { DueLogo, LogoOutcome } from './logos/queue.ts'
export { LOGO_LANE, logoRound } from './logos/round.ts'
export { resourceScopeSchema } from './resource-metadata.ts'
export type { ResourceScope, ResourceServerInput } from './resource-metadata.ts'
export {
  addResourceServer,
  createResourceServer,
  deleteResourceServer,
  findResourceServer,
  lockResourceServer,
  pageOfResourceServers,
  updateResourceServer,
} from './resource-server.ts'
export type { StoredResourceServer } from './resource-server.ts'
export {
  deleteScopeWords,
  isWorded,
  listScopeWords,
  putScopeWords,
  scopeWordingSchema,
} from './scope-words.ts'
export type { ScopeWording } from './scope-words.ts'
export { SIGNALS_API, SIGNALS_SCOPES } from './signals-api.ts'
export { mailLooksOf } from './theme/mail-looks.ts'
export type { MailLooks } from './theme/mail-looks.ts'
export { themeSettingsSchema } from './theme/settings.ts'
export type { ThemeSettings } from './theme/settings.ts'
export {
  deleteTheme,
  EVERYBODY,
  findTheme,
  MOST_LOGO_BYTES,
  saveTheme,
  saveThemeLogo,
} from './theme/themes.ts'
export type { StoredTheme } from './theme/themes.ts'
export { createWardrobe } from './theme/wardrobe.ts'
export type { Dress, Wardrobe } from './theme/wardrobe.ts'
export { wordsFor } from './words.ts'
export type { Words, WordsFor } from './words.ts'
export type { StoredClient } from './stored-client.ts'
