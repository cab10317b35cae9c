import { Prisma } from '../../db/index.ts'
import type { Tx } from '../../db/index.ts'
import { fromSessions, sessionIsActive } from './conditions.ts'

const { sql } = Prisma

/**
 * Whether a session still counts, by what every door refuses: not ended, not expired, not before a cut, its user there and not disabled.
 * If it does, it does until this transaction is over: whoever ends it waits. For what somebody asked for a moment ago and is done now.
 */
export async function holdSession(tx: Tx, uid: string): Promise<boolean> {
  const rows = await tx.$queryRaw<object[]>(
    sql`SELECT s.uid FROM ${fromSessions} WHERE s.uid = ${uid} AND ${sessionIsActive} FOR SHARE OF s`,
  )
  return rows.length === 1
}
