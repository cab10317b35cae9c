import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Db, Prisma, Tx } from '../db/index.ts'
import { isStorable } from './metadata.ts'
import { resourceServerSchema, resourceScopeSchema } from './resource-metadata.ts'
import type { ResourceScope, ResourceServerInput } from './resource-metadata.ts'

export type StoredResourceServer = {
  identifier: string
  name: string
  scopes: ResourceScope[]
  accessTokenFormat: 'opaque' | 'jwt'
  accessTokenTtlSeconds: number
  /** The client this API introspects as, if it does. */
  clientId: string | null
  /** Cardea's own: nobody edits or deletes it. */
  builtIn: boolean
  createdAt: Date
  updatedAt: Date
}

/**
 * Registers an API that accepts our tokens; throws on input that is not valid and on an identifier or introspection client that is
 * taken (callers pass checked values, or ask `addResourceServer`).
 */
export async function createResourceServer(
  db: Db,
  input: ResourceServerInput,
  by: By = {},
): Promise<StoredResourceServer> {
  const row = await db.resourceServer.create({ data: columnsOf(input) })
  await record(db, { type: 'resource_server.created', detail: { identifier: row.identifier }, ...by })
  return toStored(row)
}

/** The resource server with exactly this identifier, or null. */
export async function findResourceServer(db: Db, identifier: string): Promise<StoredResourceServer | null> {
  if (!isStorable(identifier)) return null
  const row = await db.resourceServer.findUnique({ where: { identifier } })
  return row && toStored(row)
}

/** Resource servers in the order of their identifiers, which never change: those after `after`, at most `limit`. */
export async function pageOfResourceServers(
  db: Db,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<StoredResourceServer[]> {
  const where = after === undefined ? {} : { identifier: { gt: after } }
  const rows = await db.resourceServer.findMany({ where, orderBy: { identifier: 'asc' }, take: limit })
  return rows.map(toStored)
}

/**
 * Changes what is named in `changes` of an API; the result is what is checked (throws a ZodError when it is not valid). Tokens issued
 * for it already keep their format and their end. Refuses one that is not there, Cardea's own, and an introspection client that
 * another API has or that does not exist.
 */
export async function updateResourceServer(
  tx: Tx,
  identifier: string,
  changes: Partial<Omit<ResourceServerInput, 'identifier' | 'seeded'>>,
  by: By = {},
): Promise<
  | { ok: true; resourceServer: StoredResourceServer }
  | { ok: false; reason: 'not_found' | 'built_in' | 'client_taken' | 'client_not_found' }
> {
  const before = await lockResourceServer(tx, identifier)
  if (!before.ok) return before
  const was = before.resourceServer
  const { seeded: _, ...data } = columnsOf({
    ...{ identifier, name: was.name, scopes: was.scopes, clientId: was.clientId },
    ...{ accessTokenFormat: was.accessTokenFormat, accessTokenTtlSeconds: was.accessTokenTtlSeconds },
    // What an operator has allowed once need not be allowed again with every other change.
    allowLongLived:
      was.accessTokenFormat === 'jwt' && (changes.accessTokenTtlSeconds ?? 0) <= was.accessTokenTtlSeconds,
    ...changes,
  })
  const refused = await refuseIntrospectionClient(tx, identifier, data.clientId)
  if (refused) return refused
  const row = await tx.resourceServer.update({
    where: { identifier },
    data,
  })
  const detail = { identifier, changed: changedFields(was, toStored(row)) }
  await record(tx, { type: 'resource_server.updated', detail, ...by })
  return { ok: true, resourceServer: toStored(row) }
}

/** The API as it is, held until the transaction ends, so that what is decided about it stays true. */
export async function lockResourceServer(
  tx: Tx,
  identifier: string,
): Promise<
  { ok: true; resourceServer: StoredResourceServer } | { ok: false; reason: 'not_found' | 'built_in' }
> {
  if (!isStorable(identifier)) return { ok: false, reason: 'not_found' }
  await tx.$queryRaw`SELECT 1 FROM resource_servers WHERE identifier = ${identifier} FOR UPDATE`
  const resourceServer = await findResourceServer(tx, identifier)
  if (!resourceServer) return { ok: false, reason: 'not_found' }
  return resourceServer.builtIn ? { ok: false, reason: 'built_in' } : { ok: true, resourceServer }
}

/** Registers like `createResourceServer`, and says what is taken instead of throwing, so that the transaction can go on. */
export async function addResourceServer(
  tx: Tx,
  input: ResourceServerInput,
  by: By = {},
): Promise<
  | { ok: true; resourceServer: StoredResourceServer }
  | { ok: false; reason: 'identifier_taken' | 'client_taken' | 'client_not_found' }
> {
  const data = columnsOf(input)
  const refused = await refuseIntrospectionClient(tx, data.identifier, data.clientId)
  if (refused) return refused
  // A violated key would end the transaction; a row that is left out does not.
  const [row] = await tx.resourceServer.createManyAndReturn({ data: [data], skipDuplicates: true })
  if (!row) return { ok: false, reason: 'identifier_taken' }
  await record(tx, { type: 'resource_server.created', detail: { identifier: row.identifier }, ...by })
  return { ok: true, resourceServer: toStored(row) }
}

/** Removes an API: from the commit no token is issued for it. Refuses one that is not there, and Cardea's own. */
export async function deleteResourceServer(
  db: Db,
  identifier: string,
  by: By = {},
): Promise<{ ok: true } | { ok: false; reason: 'not_found' | 'built_in' }> {
  if (!isStorable(identifier)) return { ok: false, reason: 'not_found' }
  const { count } = await db.resourceServer.deleteMany({ where: { identifier, builtIn: false } })
  if (count === 0) {
    const known = await findResourceServer(db, identifier)
    return { ok: false, reason: known?.builtIn === true ? 'built_in' : 'not_found' }
  }
  await record(db, { type: 'resource_server.deleted', detail: { identifier }, ...by })
  return { ok: true }
}

async function refuseIntrospectionClient(tx: Tx, identifier: string, clientId: string | null) {
  if (clientId === null) return null
  if (!(await tx.client.findUnique({ where: { id: clientId }, select: { id: true } })))
    return { ok: false, reason: 'client_not_found' } as const
  const other = await tx.resourceServer.findUnique({ where: { clientId } })
  return other && other.identifier !== identifier ? ({ ok: false, reason: 'client_taken' } as const) : null
}

const fields = {
  name: 'name',
  scopes: 'scopes',
  accessTokenFormat: 'access_token_format',
  accessTokenTtlSeconds: 'access_token_ttl',
  clientId: 'client_id',
} as const

function changedFields(was: StoredResourceServer, is: StoredResourceServer): string[] {
  const names = Object.keys(fields) as (keyof typeof fields)[]
  return names
    .filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
    .map((name) => fields[name])
}

function columnsOf(input: ResourceServerInput) {
  const {
    accessTokenTtlSeconds: accessTokenTtl,
    allowLongLived: _,
    ...data
  } = resourceServerSchema.parse(input)
  return { ...data, accessTokenTtl }
}

function toStored(row: Prisma.ResourceServerGetPayload<object>): StoredResourceServer {
  const { identifier, name, accessTokenFormat, clientId, builtIn, createdAt, updatedAt } = row
  return {
    ...{ identifier, name, accessTokenFormat, clientId, builtIn, createdAt, updatedAt },
    scopes: resourceScopeSchema.array().parse(row.scopes),
    accessTokenTtlSeconds: row.accessTokenTtl,
  }
}
