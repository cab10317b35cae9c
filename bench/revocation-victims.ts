import { createHash, randomUUID } from 'node:crypto'
import type pg from 'pg'

/** A user or client with a number of tokens, and one of the tokens by its value, with the client it belongs to. */
export type Victim = { path: string; probe: string; clientId: string }

const TOKENS_PER_GRANT = 10
const digestOf = (secret: string) => createHash('sha256').update(secret).digest()

/**
 * Makes users who have so many tokens each, as if issued by the server: `like` is an access token of somebody that they are copied
 * from. One token in ten is a refresh token, ten hang from each grant, and there is a session.
 */
export async function seedUsers(
  client: pg.Client,
  { users, tokens, like }: { users: number; tokens: number; like: string },
): Promise<Victim[]> {
  const victims = Array.from({ length: users }, () => ({ id: randomUUID(), probe: randomUUID() }))
  for (const { id, probe } of victims) {
    await client.query('INSERT INTO users (id, email, updated_at) VALUES ($1, $2, now())', [
      id,
      `${id}@example.com`,
    ])
    await client.query(
      `INSERT INTO sessions (uid, digest, user_id, payload, expires_at)
        VALUES ($1::text, sha256(convert_to($1::text, 'UTF8')), $2, '{"authorizations": {}}', now() + interval '1 day')`,
      [randomUUID(), id],
    )
    await seedTokens(client, { tokens, like, probe, userId: id, clientId: null })
  }
  return victims.map(({ id, probe }) => ({ path: `/v1/users/${id}/revoke`, probe, clientId: 'web' }))
}

/** Makes a client with so many tokens of as many users as it takes, like `seedUsers`. */
export async function seedClient(
  client: pg.Client,
  { id, tokens, like }: { id: string; tokens: number; like: string },
): Promise<Victim> {
  const probe = randomUUID()
  await client.query(
    `INSERT INTO clients (id, name, secret_digest, metadata, tokens_not_before, updated_at)
      SELECT $1, $1, secret_digest, metadata, now() - interval '1 minute', now() FROM clients WHERE id = 'web'`,
    [id],
  )
  await seedTokens(client, { tokens, like, probe, userId: null, clientId: id })
  return { path: `/v1/clients/${id}/revoke`, probe, clientId: id }
}

type Seed = { tokens: number; like: string; probe: string; userId: string | null; clientId: string | null }

async function seedTokens(client: pg.Client, { tokens, like, probe, userId, clientId }: Seed): Promise<void> {
  await client.query('BEGIN')
  await client.query(
    `CREATE TEMP TABLE made ON COMMIT DROP AS
      SELECT n, gen_random_uuid()::text AS id, COALESCE($2::uuid, CASE n WHEN 1 THEN g.user_id ELSE gen_random_uuid() END) AS user_id,
        COALESCE($3::text, g.client_id) AS client_id, g.payload
      FROM generate_series(1, $4::int) n, tokens t JOIN grants g ON g.id = t.grant_id WHERE t.digest = $1`,
    [digestOf(like), userId, clientId, Math.ceil(tokens / TOKENS_PER_GRANT)],
  )
  await client.query(
    `INSERT INTO grants (id, user_id, client_id, payload, expires_at)
      SELECT id, user_id, client_id, payload || jsonb_build_object('jti', id, 'accountId', user_id, 'clientId', client_id), now() + interval '1 day'
      FROM made`,
  )
  await client.query(
    `INSERT INTO tokens (digest, kind, grant_id, client_id, user_id, payload, expires_at)
      SELECT CASE WHEN m.n = 1 AND k = 1 THEN $2::bytea ELSE sha256(convert_to(m.id || k, 'UTF8')) END,
        CASE WHEN k = 2 THEN 'RefreshToken' ELSE 'AccessToken' END, m.id, m.client_id, m.user_id,
        (t.payload - 'sessionUid' - 'expiresWithSession')
          || jsonb_build_object('grantId', m.id, 'accountId', m.user_id, 'clientId', m.client_id),
        now() + interval '1 day' + random() * interval '1 day'
      FROM made m, generate_series(1, LEAST($3::int, ${TOKENS_PER_GRANT})) k, tokens t WHERE t.digest = $1`,
    [digestOf(like), digestOf(probe), tokens],
  )
  await client.query('COMMIT')
}
