import { randomUUID } from 'node:crypto'
import { record } from '../audit/index.ts'
import { digest, randomSecret } from '../crypto/index.ts'
import { isUniqueViolation } from '../db/index.ts'
import type { Db, Prisma } from '../db/index.ts'
import { checkMetadata } from './metadata.ts'
import type { ClientMetadata, MetadataProblem } from './metadata.ts'

export type StoredClient = {
  id: string
  name: string
  metadata: ClientMetadata
  hasSecret: boolean
  firstParty: boolean
  seeded: boolean
  disabledAt: Date | null
  createdAt: Date
}

export type NewClient = {
  /** Chosen id; a random one when absent. */
  id?: string | undefined
  name: string
  metadata: unknown
  firstParty?: boolean | undefined
  seeded?: boolean | undefined
  /** Only the development seed brings its own secret; everyone else gets a random one. */
  secret?: string | undefined
}

type Created = { ok: true; client: StoredClient; secret: string | null }
type Refused =
  { ok: false; reason: 'invalid'; problems: MetadataProblem[] } | { ok: false; reason: 'id_taken' }

/**
 * Registers a client and records it. The secret of a client_secret_* client is returned this once (CA-09).
 * Refuses metadata that `checkMetadata` refuses, a taken id, and an id that is or could become a user's subject (TO-05).
 */
export async function createClient(db: Db, input: NewClient): Promise<Created | Refused> {
  const checked = checkMetadata(input.metadata)
  const problems = [...(checked.ok ? [] : checked.problems), ...identityProblems(input)]
  if (!checked.ok || problems.length > 0) return { ok: false, reason: 'invalid', problems }
  const secret = needsSecret(checked.metadata) ? (input.secret ?? randomSecret()) : null
  try {
    const row = await db.client.create({
      data: {
        id: input.id ?? `c_${randomUUID().replaceAll('-', '')}`,
        name: input.name.trim(),
        metadata: checked.metadata as Prisma.InputJsonObject,
        secretDigest: secret === null ? null : secretDigest(secret),
        firstParty: input.firstParty ?? false,
        seeded: input.seeded ?? false,
      },
    })
    await record(db, { type: 'client.created', clientId: row.id, detail: { name: row.name } })
    return { ok: true, client: toStored(row), secret }
  } catch (error) {
    if (isUniqueViolation(error)) return { ok: false, reason: 'id_taken' }
    throw error
  }
}

/** The client, or null. */
export async function findClient(db: Db, id: string): Promise<StoredClient | null> {
  if (!isClientId(id)) return null
  const row = await db.client.findUnique({ where: { id } })
  return row && toStored(row)
}

/** All clients in the order of their names, at most `limit`. */
export async function listClients(db: Db, { limit = 1000 } = {}): Promise<StoredClient[]> {
  const rows = await db.client.findMany({ orderBy: [{ name: 'asc' }, { id: 'asc' }], take: limit })
  return rows.map(toStored)
}

/** Replaces a client's metadata. Refuses what `checkMetadata` refuses, and an id that is not there. */
export async function updateClientMetadata(
  db: Db,
  id: string,
  input: unknown,
): Promise<
  | { ok: true }
  | { ok: false; reason: 'not_found' }
  | { ok: false; reason: 'invalid'; problems: MetadataProblem[] }
> {
  const checked = checkMetadata(input)
  if (!checked.ok) return { ok: false, reason: 'invalid', problems: checked.problems }
  const { count } = await db.client.updateMany({
    where: { id },
    data: { metadata: checked.metadata as Prisma.InputJsonObject },
  })
  if (count === 0) return { ok: false, reason: 'not_found' }
  await record(db, { type: 'client.updated', clientId: id })
  return { ok: true }
}

/** Replaces the secret at once; the new one is returned this once. Refuses clients that have none. */
export async function rotateClientSecret(
  db: Db,
  id: string,
): Promise<{ ok: true; secret: string } | { ok: false; reason: 'not_found' | 'no_secret' }> {
  const client = await findClient(db, id)
  if (!client) return { ok: false, reason: 'not_found' }
  if (!client.hasSecret) return { ok: false, reason: 'no_secret' }
  const secret = randomSecret()
  await db.client.update({ where: { id }, data: { secretDigest: secretDigest(secret) } })
  await record(db, { type: 'client.secret_rotated', clientId: id })
  return { ok: true, secret }
}

/** Removes the client's row; its grants and tokens are ended by whoever composes this with the revocation. */
export async function deleteClient(db: Db, id: string): Promise<{ ok: boolean }> {
  const { count } = await db.client.deleteMany({ where: { id } })
  // Or whoever registers under this id next could introspect as that API (IN-03).
  await db.resourceServer.updateMany({ where: { clientId: id }, data: { clientId: null } })
  if (count > 0) await record(db, { type: 'client.deleted', clientId: id })
  return { ok: count > 0 }
}

function secretDigest(secret: string): string {
  return digest(secret).toString('base64url')
}

function needsSecret(metadata: ClientMetadata): boolean {
  return metadata.token_endpoint_auth_method.startsWith('client_secret_')
}

function isClientId(id: string): boolean {
  return /^[\x21-\x7e]{1,200}$/.test(id)
}

function identityProblems({ id, name }: NewClient): MetadataProblem[] {
  const problems: MetadataProblem[] = []
  if (name.trim().length === 0 || name.length > 100)
    problems.push({ field: 'client_name', message: 'needs 1 to 100 characters' })
  if (/\p{Cc}/u.test(name)) problems.push({ field: 'client_name', message: 'contains control characters' })
  if (id !== undefined && !/^[A-Za-z0-9._~-]{1,100}$/.test(id))
    problems.push({ field: 'client_id', message: 'use 1 to 100 letters, digits, dots, dashes, underscores' })
  // A client's own tokens carry its id as `sub`: it must never look like a user (RFC 9700 section 4.15).
  if (id !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    problems.push({ field: 'client_id', message: 'must not have the form of a user id' })
  return problems
}

function toStored(row: Prisma.ClientGetPayload<object>): StoredClient {
  const { id, name, firstParty, seeded, disabledAt, createdAt } = row
  return {
    ...{ id, name, firstParty, seeded, disabledAt, createdAt },
    metadata: row.metadata as ClientMetadata,
    hasSecret: row.secretDigest !== null,
  }
}
