import type { Db, Role } from '../db/index.ts'
import { toUser } from './user.ts'
import type { User } from './user.ts'
import { isUserId } from './user-id.ts'

type UserFilter = {
  status?: 'active' | 'disabled' | undefined
  role?: Role | undefined
  /** The first characters of the e-mail address, in any case. */
  prefix?: string | undefined
  /** 1 to 200. */
  limit: number
  /** The id that the previous page ended with. */
  after?: string | undefined
}

/**
 * One page of users in the order of their creation: users that are added while someone pages neither repeat nor hide others.
 * `next` is what to pass as `after` for the next page, null on the last one. A filter that can match nobody gives an empty page.
 */
export async function listUsers(
  db: Db,
  { status, role, prefix, limit, after }: UserFilter,
): Promise<{ users: User[]; next: string | null }> {
  const size = Math.min(Math.max(Math.trunc(limit) || 1, 1), 200)
  if (after !== undefined && !isUserId(after)) return { users: [], next: null }
  if (prefix !== undefined && (/\p{Cc}/u.test(prefix) || !prefix.isWellFormed()))
    return { users: [], next: null }
  const rows = await db.user.findMany({
    where: {
      ...(status && { disabledAt: status === 'active' ? null : { not: null } }),
      ...(role && { role }),
      ...(prefix !== undefined && { email: { startsWith: literally(prefix.trim().toLowerCase()) } }),
      ...(after !== undefined && { id: { gt: after } }),
    },
    orderBy: { id: 'asc' },
    take: size + 1,
  })
  const page = rows.slice(0, size)
  return { users: page.map(toUser), next: rows.length > size ? (page.at(-1)?.id ?? null) : null }
}

// startsWith becomes LIKE, where these three would be wildcards and the escape.
function literally(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`)
}
