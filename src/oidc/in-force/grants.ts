import { Prisma } from '../../db/index.ts'
import type { Db } from '../../db/index.ts'
import { fromGrants, grantIsActive } from './conditions.ts'

const { sql } = Prisma

/** What a user allowed a client to do, as an operator may see it. */
export type ListedGrant = {
  id: string
  userId: string
  clientId: string
  active: boolean
  /** Of OpenID Connect. */
  scopes: string[]
  /** By resource server. */
  resources: Record<string, string[]>
  createdAt: Date
  expiresAt: Date | null
  revokedAt: Date | null
}

type Row = Omit<ListedGrant, 'scopes' | 'resources'> & {
  payload: { openid?: { scope?: string }; resources?: Record<string, string> }
}

const columns = sql`g.id, g.user_id AS "userId", g.client_id AS "clientId", ${grantIsActive} AS active, g.payload,
  g.created_at AS "createdAt", g.expires_at AS "expiresAt", g.revoked_at AS "revokedAt"`

/** Grants that are in force, of a user, a client, both or all, in the order of their ids: those after `after`, at most `limit`. */
export async function listGrants(
  db: Db,
  {
    userId,
    clientId,
    after = '',
    limit,
  }: {
    userId?: string | undefined
    clientId?: string | undefined
    after?: string | undefined
    limit: number
  },
): Promise<ListedGrant[]> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT ${columns} FROM ${fromGrants} WHERE ${userId === undefined ? sql`g.user_id IS NOT NULL` : sql`g.user_id = ${userId}::uuid`}
      ${clientId === undefined ? Prisma.empty : sql`AND g.client_id = ${clientId}`} AND g.id > ${after} AND ${grantIsActive}
    ORDER BY g.id LIMIT ${limit}`
  return rows.map(listed)
}

/** A user's grants that are in force, those that were made last first: at most `limit`. They are few enough to be sorted as they are read. */
export async function newestGrants(
  db: Db,
  { userId, limit }: { userId: string; limit: number },
): Promise<ListedGrant[]> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT ${columns} FROM ${fromGrants} WHERE g.user_id = ${userId}::uuid AND ${grantIsActive}
    ORDER BY g.created_at DESC, g.id LIMIT ${limit}`
  return rows.map(listed)
}

/** The clients that have a grant of this user in force. */
export async function grantedClients(db: Db, userId: string): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT g.client_id AS id FROM ${fromGrants} WHERE g.user_id = ${userId}::uuid AND ${grantIsActive}`
  return rows.map(({ id }) => id)
}

/** The grant with this id, in force or ended, or null. */
export async function findGrant(db: Db, id: string): Promise<ListedGrant | null> {
  const [row] = await db.$queryRaw<Row[]>`
    SELECT ${columns} FROM ${fromGrants} WHERE g.id = ${id} AND g.user_id IS NOT NULL`
  return row ? listed(row) : null
}

function listed({ payload, ...row }: Row): ListedGrant {
  const resources = Object.entries(payload.resources ?? {}).map(([id, scope]) => [id, words(scope)] as const)
  return { ...row, scopes: words(payload.openid?.scope), resources: Object.fromEntries(resources) }
}

function words(scope: string | undefined): string[] {
  return (scope ?? '').split(' ').filter(Boolean)
}
