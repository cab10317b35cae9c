/**
 * The clients room: the apps registered to ask for tokens, and the resource servers those tokens are for.
 * Owns the tables clients and resource_servers, in RFC 7591 names; secrets are stored as SHA-256 digests and
 * shown once. It refuses metadata that would make an open redirector or a client without proof of who it is.
 * It knows no End-Users and no tokens: ending a client's tokens is composed above.
 */
export { checkMetadata } from './metadata.ts'
export type { ClientMetadata, MetadataProblem } from './metadata.ts'
export {
  createClient,
  deleteClient,
  findClient,
  listClients,
  rotateClientSecret,
  updateClientMetadata,
} from './client.ts'
export type { NewClient, StoredClient } from './client.ts'
export { createResourceServer, findResourceServer } from './resource-server.ts'
export type { ResourceScope, StoredResourceServer } from './resource-server.ts'
