import type { Database } from '../../db/index.ts'

type Pool = Database['pool']
type Row = Record<string, unknown>

export type StoredClient = {
  id: string
  name: string
  secretDigest: string | null
  /** Of the secret before the last rotation, while the database's clock still accepts it. */
  previousSecretDigest: string | null
  firstParty: boolean
  metadata: Record<string, unknown>
  /** The database's time of this read. */
  readAt: Date
}
/** An API that takes our tokens (RFC 8707), as far as issuing one for it needs to know. */
export type StoredApi = {
  identifier: string
  scopes: { name: string }[]
  accessTokenFormat: 'opaque' | 'jwt'
  accessTokenTtlSeconds: number
}

/** The columns that `clientFrom` reads, of the client joined under this alias. */
export const clientColumns = (alias: 'c' | 'o'): string =>
  ['id', 'name', 'secret_digest', 'first_party', 'metadata']
    .map((column) => `${alias}.${column} AS ${alias}_${column}`)
    .concat(
      `CASE WHEN ${alias}.previous_secret_expires_at > clock_timestamp()
        THEN ${alias}.previous_secret_digest END AS ${alias}_previous_secret_digest`,
    )
    .join(', ')

const api = `r.identifier AS r_identifier, r.scopes AS r_scopes, r.access_token_format AS r_format, r.access_token_ttl AS r_ttl`

/** A client that may act; null when it is disabled or not there. */
export async function readClient(pool: Pool, id: string): Promise<StoredClient | null> {
  const text = `SELECT ${clientColumns('c')}, now() AS read_at FROM clients c WHERE c.id = $1 AND c.disabled_at IS NULL`
  const { rows } = await pool.query<Row>({ name: 'client', text, values: [id] })
  return clientFrom(rows[0] ?? {}, 'c')
}

const callerText = `SELECT ${clientColumns('c')}, ${api}, now() AS read_at FROM (SELECT $1::text AS client_id, $2::text AS resource) asked
  LEFT JOIN clients c ON c.id = asked.client_id AND c.disabled_at IS NULL
  LEFT JOIN resource_servers r ON r.identifier = asked.resource`

/** One round trip for a client and the API it wants a token of its own for. */
export async function readCaller(
  pool: Pool,
  id: string,
  resource: string,
): Promise<{ client: StoredClient | null; api: StoredApi | null }> {
  const { rows } = await pool.query<Row>({ name: 'caller', text: callerText, values: [id, resource] })
  const row = rows[0] ?? {}
  return { client: clientFrom(row, 'c'), api: apiFrom(row) }
}

export async function readApi(pool: Pool, identifier: string): Promise<StoredApi | null> {
  const text = `SELECT ${api} FROM resource_servers r WHERE r.identifier = $1`
  const { rows } = await pool.query<Row>({ name: 'api', text, values: [identifier] })
  return apiFrom(rows[0] ?? {})
}

export function clientFrom(row: Row, alias: 'c' | 'o'): StoredClient | null {
  if (!row[`${alias}_id`]) return null
  return {
    id: row[`${alias}_id`],
    name: row[`${alias}_name`],
    secretDigest: row[`${alias}_secret_digest`],
    previousSecretDigest: row[`${alias}_previous_secret_digest`],
    firstParty: row[`${alias}_first_party`],
    metadata: row[`${alias}_metadata`],
    readAt: row['read_at'],
  } as StoredClient
}

function apiFrom(row: Row): StoredApi | null {
  if (!row['r_identifier']) return null
  const {
    r_identifier: identifier,
    r_scopes: scopes,
    r_format: accessTokenFormat,
    r_ttl: accessTokenTtlSeconds,
  } = row
  return { identifier, scopes, accessTokenFormat, accessTokenTtlSeconds } as StoredApi
}
