import type { Db } from '../db/index.ts'

export type UserCounts = {
  active: number
  disabled: number
  owner: number
  operator: number
  auditor: number
  withSecondFactor: number
}

/** How many users there are, by status, by role and with an authenticator. Counts rows: exact, and slower the more there are. */
export async function countUsers(db: Db): Promise<UserCounts> {
  const [counts] = await db.$queryRaw<UserCounts[]>`
    SELECT count(*) FILTER (WHERE disabled_at IS NULL)::int AS active,
      count(*) FILTER (WHERE disabled_at IS NOT NULL)::int AS disabled,
      count(*) FILTER (WHERE role = 'owner')::int AS owner,
      count(*) FILTER (WHERE role = 'operator')::int AS operator,
      count(*) FILTER (WHERE role = 'auditor')::int AS auditor,
      (SELECT count(DISTINCT user_id) FROM totp_credentials WHERE confirmed_at IS NOT NULL)::int AS "withSecondFactor"
    FROM users`
  if (!counts) throw new Error('the users were not counted')
  return counts
}
