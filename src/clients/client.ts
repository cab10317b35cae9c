import { randomUUID } from 'node:crypto'
import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import { randomSecret } from '../crypto/index.ts'
import type { Db, Prisma } from '../db/index.ts'
import { expectLogo } from './logos/queue.ts'
import { checkMetadata } from './metadata.ts'
import type { MetadataProblem } from './metadata.ts'
import { identityProblems } from './names.ts'
import { needsSecret, secretDigest, toStored } from './stored-client.ts'
import type { StoredClient } from './stored-client.ts'

export type NewClient = {
  /** Chosen id; a random one when absent. */
  id?: string | undefined
  name: string
  metadata: unknown
  firstParty?: boolean | undefined
  /** Whether the operator knows who runs it. */
  verified?: boolean | undefined
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
export async function createClient(db: Db, input: NewClient, by: By = {}): Promise<Created | Refused> {
  const checked = checkMetadata(input.metadata)
  const problems = [...(checked.ok ? [] : checked.problems), ...identityProblems(input)]
  if (!checked.ok || problems.length > 0) return { ok: false, reason: 'invalid', problems }
  const secret = needsSecret(checked.metadata) ? (input.secret ?? randomSecret()) : null
  const id = input.id ?? `c_${randomUUID().replaceAll('-', '')}`
  // A violated key would end the transaction; a row that is left out does not.
  const [row] = await db.client.createManyAndReturn({
    data: [
      {
        id,
        name: input.name.trim(),
        metadata: checked.metadata as Prisma.InputJsonObject,
        secretDigest: secret === null ? null : secretDigest(secret),
        firstParty: input.firstParty ?? false,
        verified: input.verified ?? false,
        seeded: input.seeded ?? false,
      },
    ],
    skipDuplicates: true,
  })
  if (!row) return { ok: false, reason: 'id_taken' }
  // An id that somebody had before brings none of that one's tokens along. By the database's clock: Prisma's defaults are by ours,
  // and where that is fast, the tokens of a new client would not count at first.
  const [born] = await db.$queryRaw<{ at: Date }[]>`
    UPDATE clients SET created_at = now(), tokens_not_before = now() - interval '1 millisecond' WHERE id = ${id}
    RETURNING created_at AS at`
  if (born) row.createdAt = born.at
  await expectLogo(db, id, checked.metadata.logo_uri)
  await record(db, { type: 'client.created', clientId: id, detail: { name: row.name }, ...by })
  return { ok: true, client: toStored(row), secret }
}

/** The client, or null. */
export async function findClient(db: Db, id: string): Promise<StoredClient | null> {
  if (!isClientId(id)) return null
  const row = await db.client.findUnique({ where: { id } })
  return row && toStored(row)
}

/** Those of the ids that are there, in no order. */
export async function findClients(db: Db, ids: readonly string[]): Promise<StoredClient[]> {
  const rows = await db.client.findMany({ where: { id: { in: ids.filter(isClientId) } } })
  return rows.map(toStored)
}

/** All clients in the order of their names, at most `limit`. */
export async function listClients(db: Db, { limit = 1000 } = {}): Promise<StoredClient[]> {
  const rows = await db.client.findMany({ orderBy: [{ name: 'asc' }, { id: 'asc' }], take: limit })
  return rows.map(toStored)
}

/** Clients in the order of their ids, which never change: those after the id `after`, at most `limit`. */
export async function pageOfClients(
  db: Db,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<StoredClient[]> {
  const where = after === undefined ? {} : { id: { gt: after } }
  return (await db.client.findMany({ where, orderBy: { id: 'asc' }, take: limit })).map(toStored)
}

/**
 * Removes the client's row; its grants and tokens are ended by whoever composes this with the revocation. Refuses an id that is
 * not there, and a client of Cardea's own.
 */
export async function deleteClient(
  db: Db,
  id: string,
  by: By = {},
): Promise<{ ok: true } | { ok: false; reason: 'not_found' | 'built_in' }> {
  if (!isClientId(id)) return { ok: false, reason: 'not_found' }
  const { count } = await db.client.deleteMany({ where: { id, builtIn: false } })
  if (count === 0)
    return { ok: false, reason: (await findClient(db, id))?.builtIn === true ? 'built_in' : 'not_found' }
  // Or whoever registers under this id next could introspect as that API (IN-03).
  await db.resourceServer.updateMany({ where: { clientId: id }, data: { clientId: null } })
  await db.clientLogo.deleteMany({ where: { clientId: id } })
  await db.theme.deleteMany({ where: { clientId: id } })
  await record(db, { type: 'client.deleted', clientId: id, ...by })
  return { ok: true }
}

/** Whether a text can be the id of a client at all: PostgreSQL compares no NUL. */
export function isClientId(id: string): boolean {
  return /^[\x21-\x7e]{1,200}$/.test(id)
}
