import type { Db } from '../db/index.ts'

/** For how long the oldest row of a table has been good for nothing. */
export type OldestExpired = { table: string; expiredSeconds: number }

/**
 * For how long the oldest expired row of each table here has been there, in seconds; 0 where none is. Replay guards are kept
 * for an hour more. One probe of an index each.
 */
export async function oldestExpired(db: Db): Promise<OldestExpired[]> {
  return db.$queryRaw<OldestExpired[]>`
    SELECT name AS table, GREATEST(COALESCE(extract(epoch FROM now() - oldest), 0), 0)::float8 AS "expiredSeconds"
    FROM (VALUES
      ('tokens', (SELECT min(expires_at) FROM tokens)),
      ('interactions', (SELECT min(expires_at) FROM interactions)),
      ('replay_guards', (SELECT min(expires_at) + interval '1 hour' FROM replay_guards)),
      ('sessions', (SELECT min(expires_at) FROM sessions)),
      ('grants', (SELECT min(expires_at) FROM grants))) AS kept(name, oldest)`
}
