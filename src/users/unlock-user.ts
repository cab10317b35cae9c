import { Prisma } from '../db/index.ts'
import type { Db } from '../db/index.ts'
import { countersOfAccount } from './throttle-counters.ts'
import { findUser } from './user.ts'

/**
 * Forgets all failed attempts on a user's password, codes and recovery codes, how many mails were asked for, and lifts every block that follows from them:
 * the way out before a block ends by itself (TH-01). What was done from known browsers counts among them; what networks did is not forgotten. Returns how many
 * counters were removed, or null when there is no such user. Recording who did it is left to the caller.
 */
export async function unlockUser(db: Db, id: string): Promise<number | null> {
  const user = await findUser(db, id)
  if (!user) return null
  const browsers = await db.trustedBrowser.findMany({ where: { userId: id }, select: { id: true } })
  return db.$executeRaw(forgetting(countersOfAccount(user, browsers)))
}

/** A range of one index for each beginning, so that the counters of everybody else are not looked at. Each ends with a slash. The condition on
 * `failures`, which all rows meet, is the index's own. */
export function forgetting({ keys, prefixes }: ReturnType<typeof countersOfAccount>): Prisma.Sql {
  const beginnings = prefixes.map(
    (prefix) =>
      Prisma.sql`(key ~>=~ ${prefix} AND key ~<~ ${`${prefix.slice(0, -1)}${afterSlash}`} AND failures >= 0)`,
  )
  return Prisma.sql`
    DELETE FROM attempt_counters WHERE key = ANY(${keys}::text[]) OR ${Prisma.join(beginnings, ' OR ')}`
}

const afterSlash = String.fromCharCode('/'.charCodeAt(0) + 1)
