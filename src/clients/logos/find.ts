import type { Db } from '../../db/index.ts'
import { isClientId } from '../client.ts'
import type { StoredClient } from '../stored-client.ts'

/** How far the logo of a client has come. */
export type LogoStatus = {
  sourceUri: string
  state: 'shown' | 'waiting' | 'refused'
  /** A path of ours; null while there is none. */
  address: string | null
  type: string | null
  error: string | null
  fetchedAt: Date | null
  /** When it is fetched next. */
  dueAt: Date
}

/** Where a logo of ours is served. Another picture has another address. */
function addressOf(clientId: string, digest: string): string {
  return `/logos/${encodeURIComponent(clientId)}/${digest}`
}

/** The logo at this address; null when there is none, or another one by now. */
export async function findLogo(
  db: Db,
  clientId: string,
  digest: string,
): Promise<{ type: string; body: Buffer } | null> {
  if (!isClientId(clientId) || !/^[\w-]{43}$/.test(digest)) return null
  const row = await db.clientLogo.findFirst({
    where: { clientId, digest },
    select: { type: true, body: true },
  })
  return row?.body && row.type !== null ? { type: row.type, body: Buffer.from(row.body) } : null
}

/** Where the client's logo is to be had; undefined while there is none. Asks the database only about clients that have an address for one. */
export async function logoAddress(
  db: Db,
  { id, metadata }: Pick<StoredClient, 'id' | 'metadata'>,
): Promise<string | undefined> {
  return metadata.logo_uri === undefined ? undefined : (await logoAddresses(db, [id])).get(id)
}

/** The same for several at once, by their ids. */
export async function logoAddresses(db: Db, clientIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.clientLogo.findMany({
    where: { clientId: { in: [...clientIds] }, digest: { not: null } },
    select: { clientId: true, digest: true },
  })
  return new Map(rows.map(({ clientId, digest }) => [clientId, addressOf(clientId, digest ?? '')]))
}

/** How far a client's logo has come; null for a client that has no address for one. */
export async function logoStatus(db: Db, clientId: string): Promise<LogoStatus | null> {
  const row = await db.clientLogo.findUnique({ where: { clientId }, omit: { body: true } })
  if (!row) return null
  const { sourceUri, type, digest, error, fetchedAt, dueAt } = row
  const state = digest !== null ? 'shown' : error === null ? 'waiting' : 'refused'
  const address = digest === null ? null : addressOf(clientId, digest)
  return { sourceUri, state, address, type, error, fetchedAt, dueAt }
}
