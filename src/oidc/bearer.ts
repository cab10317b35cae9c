import type { Database, Role } from '../db/index.ts'
import { handleOf } from './revocation/selector.ts'
import { fromServer, isLater, SERVER_CUT } from './store/cuts.ts'
import { idDigest, isReadable } from './store/rows.ts'

/** What an access token of ours says about its bearer, and what is true of them now. */
export type Bearer = {
  /** The token's handle, for logs and receipts. */
  handle: string
  /** The token's digest, by which a revocation can spare it. */
  digest: Buffer
  clientId: string
  /** What the client is registered for now. */
  clientScopes: string[]
  /** Null for a client on its own behalf. */
  userId: string | null
  role: Role | null
  scopes: string[]
  sessionUid: string | null
  grantId: string | null
  /** How the user had signed in when the token was issued, whatever the session became since; null when that is over. */
  acr: string | null
  expiresAt: Date
}

type Row = {
  kind: string
  scope: string | null
  session_bound: boolean
  expires_at: Date
  client_id: string
  client_scope: string | null
  user_id: string | null
  role: Role | null
  grant_id: string | null
  session_uid: string | null
  acr: string | null
}

// The same refusals as at every other door (store/reads.ts), with what an API of our own must know.
const text = `SELECT t.kind, t.payload ->> 'scope' AS scope, t.payload ->> 'expiresWithSession' = 'true' AS session_bound, t.expires_at,
    o.id AS client_id, o.metadata ->> 'scope' AS client_scope, u.id AS user_id, u.role, g.id AS grant_id,
    s.uid AS session_uid, CASE WHEN s.uid IS NOT NULL THEN t.payload #>> '{extra,acr}' END AS acr
  FROM tokens t CROSS JOIN ${fromServer}
  JOIN clients o ON o.id = t.client_id AND o.disabled_at IS NULL
  LEFT JOIN users u ON u.id = t.user_id AND u.disabled_at IS NULL
  LEFT JOIN cutoffs k ON k.user_id = t.user_id AND k.client_id = t.client_id
  LEFT JOIN grants g ON g.id = t.grant_id AND g.revoked_at IS NULL AND g.expires_at > now()
    AND ${isLater('g', SERVER_CUT, 'u.tokens_not_before', 'o.tokens_not_before', 'k.tokens_not_before')}
  LEFT JOIN sessions s ON s.uid = t.session_uid AND s.revoked_at IS NULL AND s.expires_at > now() AND s.user_id = t.user_id
    AND s.payload #>> ARRAY['authorizations', t.client_id, 'grantId'] = t.grant_id
    AND ${isLater('s', SERVER_CUT, 'u.tokens_not_before')}
  WHERE t.digest = $1 AND t.kind IN ('AccessToken', 'ClientCredentials') AND t.audience = $2
    AND t.revoked_at IS NULL AND t.consumed_at IS NULL AND t.expires_at > now()
    AND (t.grant_id IS NOT NULL OR ${isLater('t', SERVER_CUT, 'o.tokens_not_before')})`

/**
 * Who calls with this opaque access token, if it is one of ours, for this audience, and nothing has ended it: asked of the
 * database each time, so that a revocation holds from its commit on. Null when it is not acceptable; throws on storage trouble.
 */
export async function readBearer(
  { pool }: Pick<Database, 'pool'>,
  token: string,
  audience: string,
): Promise<Bearer | null> {
  if (!isReadable(token)) return null
  const digest = idDigest(token)
  const { rows } = await pool.query<Row>({ name: 'bearer', text, values: [digest, audience] })
  const row = rows[0]
  if (!row) return null
  const isUsers = row.kind === 'AccessToken'
  if (isUsers && (row.user_id === null || row.grant_id === null)) return null
  if (row.session_bound && row.session_uid === null) return null
  return {
    handle: handleOf(digest),
    digest,
    clientId: row.client_id,
    clientScopes: words(row.client_scope),
    userId: row.user_id,
    role: row.role,
    scopes: words(row.scope),
    sessionUid: row.session_uid,
    grantId: row.grant_id,
    acr: row.acr,
    expiresAt: row.expires_at,
  }
}

function words(scope: string | null): string[] {
  return (scope ?? '').split(' ').filter(Boolean)
}
