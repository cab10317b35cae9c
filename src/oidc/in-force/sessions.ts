import { Prisma } from '../../db/index.ts'
import type { Db } from '../../db/index.ts'
import { fromSessions, sessionIsActive } from './conditions.ts'

const { sql } = Prisma

/** A browser's sign-in, as an operator may see it: nothing of its cookie. */
export type ListedSession = {
  id: string
  userId: string
  active: boolean
  createdAt: Date
  /** When the user last proved who they are in it. */
  signedInAt: Date | null
  amr: string[]
  acr: string | null
  /** The clients that were signed in to with it. */
  clientIds: string[]
  lastSeenAt: Date
  expiresAt: Date | null
  endedAt: Date | null
  /** Where it began, as the browser told and as the request came. */
  userAgent: string | null
  ip: string | null
}

type Row = Omit<ListedSession, 'amr' | 'acr' | 'clientIds' | 'signedInAt'> & {
  payload: { amr?: string[]; acr?: string; loginTs?: number; authorizations?: Record<string, unknown> }
}

const columns = sql`s.uid AS id, s.user_id AS "userId", ${sessionIsActive} AS active, s.created_at AS "createdAt", s.payload,
  s.updated_at AS "lastSeenAt", s.expires_at AS "expiresAt", s.revoked_at AS "endedAt",
  s.user_agent AS "userAgent", s.ip`

/** Sessions that are in force, a user's or everybody's, in the order of their ids: those after `after`, at most `limit`. */
export async function listSessions(
  db: Db,
  { userId, after = '', limit }: { userId?: string | undefined; after?: string | undefined; limit: number },
): Promise<ListedSession[]> {
  const whose = userId === undefined ? sql`s.user_id IS NOT NULL` : sql`s.user_id = ${userId}::uuid`
  const rows = await db.$queryRaw<Row[]>`
    SELECT ${columns} FROM ${fromSessions} WHERE ${whose} AND s.uid > ${after} AND ${sessionIsActive}
    ORDER BY s.uid LIMIT ${limit}`
  return rows.map(listed)
}

/** A user's sessions that are in force, those that began last first: at most `limit`. They are few enough to be sorted as they are read. */
export async function newestSessions(
  db: Db,
  { userId, limit }: { userId: string; limit: number },
): Promise<ListedSession[]> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT ${columns} FROM ${fromSessions} WHERE s.user_id = ${userId}::uuid AND ${sessionIsActive}
    ORDER BY s.created_at DESC, s.uid LIMIT ${limit}`
  return rows.map(listed)
}

/** How many sessions of a user are in force. */
export async function countSessions(db: Db, userId: string): Promise<number> {
  const [row] = await db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM ${fromSessions} WHERE s.user_id = ${userId}::uuid AND ${sessionIsActive}`
  return row?.n ?? 0
}

/** The session with this id, in force or ended; null for one that is not there or nobody's. */
export async function findSession(db: Db, id: string): Promise<ListedSession | null> {
  const [row] = await db.$queryRaw<Row[]>`
    SELECT ${columns} FROM ${fromSessions} WHERE s.uid = ${id} AND s.user_id IS NOT NULL`
  return row ? listed(row) : null
}

function listed({ payload, ...row }: Row): ListedSession {
  const { amr = [], acr = null, loginTs, authorizations = {} } = payload
  return {
    ...row,
    ...{ amr, acr, clientIds: Object.keys(authorizations).sort() },
    signedInAt: loginTs === undefined ? null : new Date(loginTs * 1000),
  }
}
