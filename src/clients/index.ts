/**
 * The clients room: the apps registered to ask for tokens, and the resource servers those tokens are for.
 * Owns the tables clients and resource_servers, in RFC 7591 names; secrets are stored as SHA-256 digests and
 * shown once. It refuses metadata that would make an open redirector or a client without proof of who it is.
 * It knows no End-Users and no tokens: ending a client's tokens is composed above.
 */
export { ADMIN_API, ADMIN_SCOPES, adminScopeWords, scopesOfRole } from './admin-api.ts'
export type { AdminScope } from './admin-api.ts'
export { countClients } from './count-clients.ts'
export { COMMAND_LINE, ensureBuiltIn } from './built-in.ts'
export { checkMetadata, clientMetadataSchema } from './metadata.ts'
export type { ClientMetadata, MetadataProblem } from './metadata.ts'
export { lockClient, setClientDisabled, updateClient, updateClientMetadata } from './change-client.ts'
export { MAX_OVERLAP_SECONDS, rotateClientSecret } from './client-secret.ts'
export { createClient, deleteClient, findClient, listClients, pageOfClients } from './client.ts'
export type { NewClient } from './client.ts'
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
export type { StoredClient } from './stored-client.ts'
