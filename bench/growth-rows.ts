import type pg from 'pg'

/** Tables that everything issued ends up in. */
const GROWING = ['tokens', 'grants', 'sessions', 'interactions'] as const

/** Of a hundred tokens; a code and two tokens for a sign-in, and the refreshes after it. */
const MIX = `CASE WHEN n % 20 < 12 THEN 'AccessToken' WHEN n % 20 < 17 THEN 'RefreshToken' ELSE 'AuthorizationCode' END`

/**
 * Fills the tables with so many rows that have expired, over the last two days, in the order in which they were issued, and with `living`
 * ones that were used and have not expired. They look like those of the people who are signed in already. Indexes are made afterwards.
 */
export async function seedRows(
  client: pg.Client,
  { expired, living }: { expired: number; living: number },
): Promise<void> {
  const [tokens, others] = [Math.round(expired * 0.9), Math.round(expired * 0.1)]
  const { rows: indexes } = await client.query<{ name: string; made: string; constraint: string | null }>(
    `SELECT i.indexname AS name, i.indexdef AS made, c.conname AS constraint FROM pg_indexes i
     LEFT JOIN pg_constraint c ON c.conname = i.indexname AND c.contype = 'p' WHERE i.tablename = 'tokens'`,
  )
  for (const { name, constraint } of indexes)
    await client.query(constraint ? `ALTER TABLE tokens DROP CONSTRAINT ${name}` : `DROP INDEX ${name}`)
  const insert = (count: number, salt: string, expiresAt: string) =>
    client.query(
      `INSERT INTO tokens (digest, kind, grant_id, client_id, user_id, payload, issued_at, expires_at, consumed_at)
       SELECT sha256(convert_to($2 || n, 'UTF8')), t.kind, 'grant ' || n / 10, 'web', s.user_id, s.payload,
         now() - interval '3 days', ${expiresAt}, CASE WHEN t.kind <> 'AccessToken' THEN now() - interval '1 day' END
       FROM (SELECT n, ${MIX} AS kind FROM generate_series(1, $1::int) n) t
       JOIN LATERAL (SELECT user_id, payload FROM like_these l WHERE l.kind = t.kind LIMIT 1) s ON true`,
      [count, salt],
    )
  await client.query(
    `CREATE TEMP TABLE like_these AS SELECT DISTINCT ON (kind) kind, user_id, payload FROM tokens
     WHERE kind IN ('AccessToken', 'RefreshToken', 'AuthorizationCode')`,
  )
  const ago = (count: string) => `now() - interval '2 days' + (n::float8 / ${count}) * interval '47 hours'`
  await insert(tokens, 'expired', ago(String(tokens)))
  await insert(living, 'living', `now() + interval '1 day' + n * interval '1 millisecond'`)
  await client.query(`SET maintenance_work_mem = '512MB'`)
  for (const { made, constraint } of indexes)
    await client.query(constraint ? 'ALTER TABLE tokens ADD PRIMARY KEY (digest, kind)' : made)
  await client.query(
    `INSERT INTO grants (id, user_id, client_id, payload, expires_at)
     SELECT 'grant ' || n, g.user_id, 'web', g.payload, ${ago('$1::int')} FROM generate_series(1, $1::int) n, (SELECT * FROM grants LIMIT 1) g`,
    [Math.round(others * 0.4)],
  )
  await client.query(
    `INSERT INTO sessions (uid, digest, user_id, payload, expires_at)
     SELECT 'session ' || n, sha256(convert_to('session' || n, 'UTF8')), s.user_id, s.payload, ${ago('$1::int')}
     FROM generate_series(1, $1::int) n, (SELECT * FROM sessions WHERE user_id IS NOT NULL LIMIT 1) s`,
    [Math.round(others * 0.2)],
  )
  await client.query(
    `INSERT INTO interactions (digest, client_id, payload, expires_at)
     SELECT sha256(convert_to('interaction' || n, 'UTF8')), 'web', s.payload, ${ago('$1::int')}
     FROM generate_series(1, $1::int) n, (SELECT * FROM sessions WHERE user_id IS NOT NULL LIMIT 1) s`,
    [Math.round(others * 0.4)],
  )
  for (const table of GROWING) await client.query(`VACUUM (ANALYZE) ${table}`)
  await client.query('CHECKPOINT')
}

/** Bytes of the tables with everything that belongs to them, and the rows that have expired and those that have not. */
export async function sizeOf(
  client: pg.Client,
): Promise<{ table: number; indexes: number; expired: number; living: number }> {
  const { rows } = await client.query<{ table: string; indexes: string }>(
    `SELECT sum(pg_table_size(t))::text AS table, sum(pg_indexes_size(t))::text AS indexes FROM unnest($1::regclass[]) t`,
    [`{${GROWING.join(',')}}`],
  )
  const total = { expired: 0, living: 0 }
  for (const table of GROWING) {
    const { rows: counts } = await client.query<typeof total>(
      `SELECT count(*) FILTER (WHERE expires_at < now() - interval '1 minute')::int AS expired,
         count(*) FILTER (WHERE expires_at >= now() - interval '1 minute')::int AS living FROM ${table}`,
    )
    total.expired += counts[0]?.expired ?? 0
    total.living += counts[0]?.living ?? 0
  }
  return { ...total, table: Number(rows[0]?.table), indexes: Number(rows[0]?.indexes) }
}
