import type { Database } from '../../db/index.ts'
import { fromServer, isLater, SERVER_CUT } from '../store/cuts.ts'
import { integersIn } from './revoked-numbers.ts'

type Pool = Database['pool']

/** Rows that one statement looks at: a million in one would hold up the database longer than a statement may take. */
const SLICE = 50_000

// The refusals of every other door (store/reads.ts), the other way round.
const text = `WITH slice AS MATERIALIZED (
    SELECT t.digest, t.kind, t.grant_id, t.user_id, t.client_id, t.issued_at, t.expires_at, t.status_list, t.status_idx,
      CASE WHEN $4::text[] <> '{}' THEN t.payload ->> 'kid' = ANY ($4::text[]) ELSE FALSE END AS badly_signed
    FROM tokens t
    WHERE t.status_list IS NOT NULL AND t.revoked_at IS NULL AND (t.issued_at, t.digest) > ($1::timestamptz, $2::bytea)
    ORDER BY t.issued_at, t.digest LIMIT ${SLICE}
  ), dead AS MATERIALIZED (
    SELECT t.digest, t.kind, t.status_list, t.status_idx FROM slice t CROSS JOIN ${fromServer}
      LEFT JOIN grants g ON g.id = t.grant_id AND g.revoked_at IS NULL
      LEFT JOIN users u ON u.id = t.user_id AND u.disabled_at IS NULL
      LEFT JOIN clients c ON c.id = t.client_id AND c.disabled_at IS NULL
      LEFT JOIN cutoffs k ON k.user_id = t.user_id AND k.client_id = t.client_id
    WHERE t.expires_at > now() AND (t.badly_signed OR c.id IS NULL OR CASE WHEN t.grant_id IS NULL
      THEN NOT ${isLater('t', SERVER_CUT, 'c.tokens_not_before')}
      ELSE g.id IS NULL OR u.id IS NULL
        OR NOT ${isLater('g', SERVER_CUT, 'u.tokens_not_before', 'c.tokens_not_before', 'k.tokens_not_before')} END)
  ), marked AS (
    UPDATE tokens SET revoked_at = now() WHERE $3::boolean AND (digest, kind) IN (
      SELECT t.digest, t.kind FROM tokens t JOIN dead ON dead.digest = t.digest AND dead.kind = t.kind
      WHERE $3::boolean AND t.revoked_at IS NULL FOR UPDATE OF t SKIP LOCKED) RETURNING 1
  )
  SELECT last.issued_at, last.digest, (SELECT count(*)::int FROM slice) AS rows,
    (SELECT string_agg(int4send(status_list) || int4send(status_idx), '') FROM dead) AS dead
  FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT issued_at, digest FROM slice ORDER BY 1 DESC, 2 DESC LIMIT 1) last ON TRUE`

type Row = { issued_at: Date | null; digest: Buffer | null; rows: number; dead: Buffer | null }

/** JWTs that are refused at our doors although they are not marked, so that no list tells of them: by bucket, their numbers. */
export type DeadTokens = Map<number, Set<number>>

/**
 * Looks for such tokens among those that go back to later than `since`, in slices; adds them to `found`, and marks them too if told
 * so. `badKeys`: signing keys that are given up.
 */
export async function findDeadTokens(
  pool: Pool,
  found: DeadTokens,
  { since, mark, badKeys }: { since: Date | null; mark: boolean; badKeys: readonly string[] },
): Promise<void> {
  let [at, digest]: [Date | string, Buffer] = [since ?? '-infinity', Buffer.alloc(0)]
  for (;;) {
    const values = [at, digest, mark, badKeys]
    const { rows } = await pool.query<Row>({ name: 'dead_tokens', text, values })
    const row = rows[0]
    const pairs = integersIn(row?.dead ?? null)
    for (let nth = 0; nth < pairs.length; nth += 2) add(found, pairs[nth] ?? 0, pairs[nth + 1] ?? 0)
    if (!row?.issued_at || !row.digest || row.rows < SLICE) return
    ;[at, digest] = [row.issued_at, row.digest]
  }
}

function add(found: DeadTokens, bucket: number, number: number): void {
  const numbers = found.get(bucket) ?? new Set()
  found.set(bucket, numbers.add(number))
}

/** The database's time, and the large revocations whose rows are still being marked, with the keys they give up. */
export async function revocationsUnderWay(
  pool: Pool,
): Promise<{ at: Date; running: { id: string; key: string | null }[] }> {
  const { rows } = await pool.query<{ at: Date; id: string | null; key: string | null }>({
    name: 'revocations_under_way',
    text: `SELECT now() AS at, r.id, r.selector ->> 'signing_key' AS key
      FROM (SELECT 1) one LEFT JOIN revocations r ON r.state = 'running'`,
  })
  const [first] = rows
  if (!first) throw new Error('the database did not answer')
  return { at: first.at, running: rows.flatMap(({ id, key }) => (id === null ? [] : [{ id, key }])) }
}
