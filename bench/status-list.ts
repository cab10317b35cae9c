// What a status list weighs and costs when a million JWT access tokens are alive (docs/performance.md).
import { promisify } from 'node:util'
import { deflate, gzip } from 'node:zlib'
import { exportJWK, generateKeyPair } from 'jose'
import { connectDatabase } from '../src/db/index.ts'
import type { Database } from '../src/db/index.ts'
import { BUCKET_SECONDS, bucketOf, LIST_SIZE } from '../src/oidc/status-list/place.ts'
import { findDeadTokens } from '../src/oidc/status-list/dead-tokens.ts'
import { revokedNumbers } from '../src/oidc/status-list/revoked-numbers.ts'
import { signStatusList, statusBits } from '../src/oidc/status-list/status-list-token.ts'
import type { CLIENTS } from './cast.ts'
import { startBenchDatabase } from './database.ts'
import { spreadOf } from './statistics.ts'

const TOKENS = 1_000_000
const SHARES = [0, 0.001, 0.01, 0.1]
const ROUNDS = 7

/** Runs it all and says it in a table; `quick` takes a tenth of the tokens. Leaves nothing behind. */
export async function benchStatusLists(
  { quick }: { quick: boolean },
  say: (line: string) => void,
): Promise<void> {
  const tokens = quick ? TOKENS / 10 : TOKENS
  const server = await startBenchDatabase()
  const timeouts = { connectTimeoutMs: 5000, statementTimeoutMs: 600_000, lockTimeoutMs: 5000 }
  const database = connectDatabase({
    url: server.url,
    poolMax: 2,
    ...timeouts,
    idleInTransactionTimeoutMs: 5000,
  })
  try {
    const bucket = bucketOf(Date.now() / 1000) + 2
    process.stderr.write('seeding …\n')
    await seed(database, bucket, tokens)
    say(`${tokens.toLocaleString('en')} living JWT access tokens in one list; median of ${ROUNDS}.\n`)
    say(
      '| revoked | raw | compressed | signed | sent with gzip | look for late ones | read | compress and sign |',
    )
    say(
      '| ------- | --- | ---------- | ------ | -------------- | ------------------ | ---- | ----------------- |',
    )
    for (const share of SHARES) say(await measure(database, bucket, Math.round(tokens * share)))
    const pass = await timed(() => lookAt(database, null))
    say(`
Passing over all tokens, once for each large revocation and after a start: ${pass}, in slices of 50,000.`)
  } finally {
    await database.close()
    await server.stop()
  }
}

async function measure(database: Database, bucket: number, revoked: number): Promise<string> {
  const { pool } = database
  await pool.query(
    `UPDATE tokens SET revoked_at = now() WHERE status_list = $1 AND (payload ->> 'n')::int < $2 AND revoked_at IS NULL`,
    [bucket, revoked],
  )
  await pool.query('VACUUM ANALYZE tokens')
  const place = { bucket, number: 0 }
  const read = await timed(() => revokedNumbers(pool, place))
  const newest = await pool.query<{ at: Date }>(
    "SELECT max(issued_at) - interval '25 seconds' AS at FROM tokens",
  )
  const late = await timed(() => lookAt(database, newest.rows[0]?.at ?? null))
  const numbers = await revokedNumbers(pool, place)
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const key = { ...(await exportJWK(privateKey)), kid: 'bench' }
  const signing = { uri: 'https://id.example.com/status-lists/1-0', key, builtAt: 0, ttl: 15, lifetime: 30 }
  const built = await timed(() => signStatusList(statusBits(numbers), signing))
  const bits = statusBits(numbers)
  const compressed = (await promisify(deflate)(bits, { level: 9 })).length
  const token = await signStatusList(bits, signing)
  const zipped = (await promisify(gzip)(token)).length
  const sizes = [bits.length, compressed, token.length, zipped].map(kilobytes)
  return `| ${revoked.toLocaleString('en')} | ${[...sizes, late, read, built].join(' | ')} |`
}

/** Living JWTs of one bucket in random order: nine in ten of users, ten to a grant, the rest of a client's own. */
async function seed({ pool }: Database, bucket: number, tokens: number): Promise<void> {
  const { machine, web } = { machine: 'machine', web: 'web' } satisfies Record<string, keyof typeof CLIENTS>
  await pool.query(
    `INSERT INTO users (id, email, updated_at) SELECT gen_random_uuid(), 'u' || n || '@example.com', now()
      FROM generate_series(1, $1::int / 100) n`,
    [tokens],
  )
  await pool.query(
    `INSERT INTO grants (id, user_id, client_id, payload, expires_at)
      SELECT 'g' || row_number() OVER (), u.id, $1, '{}', now() + interval '1 day' FROM users u, generate_series(1, 10)`,
    [web],
  )
  await pool.query(
    `INSERT INTO tokens (digest, kind, grant_id, client_id, user_id, payload, status_list, status_idx, issued_at, expires_at)
      SELECT sha256(n::text::bytea), 'JwtAccessToken', g.id, COALESCE(g.client_id, $3), g.user_id,
        jsonb_build_object('n', n, 'kind', 'AccessToken', 'scope', 'orders:read', 'kid', 'bench', 'grantId', g.id, 'accountId', g.user_id),
        $1, n, now() - random() * interval '600 seconds', to_timestamp(($1::int::bigint * $4::int) + random() * $4::int)
      FROM (SELECT row_number() OVER (ORDER BY random()) - 1 AS at, n FROM generate_series(0, $2::int - 1) n) s
      LEFT JOIN grants g ON s.at % 10 > 0 AND g.id = 'g' || (s.at / 10 + 1)`,
    [bucket, tokens, machine, BUCKET_SECONDS],
  )
  // Which of them are revoked, and where those stand in the list, must have nothing to do with each other.
  await pool.query(
    `UPDATE tokens t SET status_idx = s.idx FROM
      (SELECT digest, row_number() OVER (ORDER BY random()) - 1 AS idx FROM tokens) s WHERE t.digest = s.digest`,
  )
  // A new client's tokens go back to no earlier time than its own; these do.
  await pool.query('UPDATE clients SET tokens_not_before = NULL')
  await pool.query('INSERT INTO status_lists VALUES ($1, $2)', [bucket, LIST_SIZE])
  await pool.query('VACUUM ANALYZE')
}

function lookAt({ pool }: Database, since: Date | null): Promise<void> {
  return findDeadTokens(pool, new Map(), { since, mark: true, badKeys: [] })
}

async function timed(work: () => Promise<unknown>): Promise<string> {
  const took: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now()
    await work()
    took.push(performance.now() - began)
  }
  const ms = spreadOf(took).median
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

function kilobytes(bytes: number): string {
  return bytes < 10_000 ? `${bytes} B` : `${Math.round(bytes / 1000)} kB`
}
