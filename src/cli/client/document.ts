import { findClient } from '../../clients/index.ts'
import type { StoredClient } from '../../clients/index.ts'
import type { Db } from '../../db/index.ts'
import { Refusal } from '../refusal.ts'
import { columns } from '../terminal.ts'

/** A client as one flat document in RFC 7591 names, with what this server adds. */
export function documentOf(client: StoredClient): Record<string, unknown> {
  const { id, name, metadata, hasSecret, firstParty, verified, disabledAt, createdAt } = client
  return {
    client_id: id,
    client_name: name,
    ...metadata,
    has_secret: hasSecret,
    first_party: firstParty,
    verified,
    disabled_at: disabledAt,
    created_at: createdAt,
  }
}

/** The document's fields as lines: one value a line, empty ones left out. */
export function linesOf(document: Record<string, unknown>): string[] {
  const rows = Object.entries(document).flatMap(([field, value]) =>
    [value]
      .flat()
      .filter((one) => one !== null && one !== undefined)
      .map((one, index) => [index === 0 ? field : '', textOf(one)]),
  )
  return columns(rows).map((line) => `  ${line}`)
}

/** The client with this id; a Refusal when there is none. */
export async function requireClient(db: Db, id: string): Promise<StoredClient> {
  const client = await findClient(db, id)
  if (!client) throw new Refusal('not_found', `There is no client ${id}.`)
  return client
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value instanceof Date ? value.toISOString() : JSON.stringify(value)
}
