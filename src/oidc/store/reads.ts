import type { AdapterPayload } from 'oidc-provider'
import type { Database, Role } from '../../db/index.ts'
import { clientColumns, clientFrom } from './client-reads.ts'
import type { StoredClient } from './client-reads.ts'
import { fromServer, isLater, SERVER_CUT } from './cuts.ts'

type Pool = Database['pool']

export type StoredToken = {
  digest: Buffer
  kind: string
  payload: AdapterPayload
  expiresAt: Date | null
  consumedAt: Date | null
  /** Seconds since it was used up, by the database's clock, which all instances share. */
  consumedForSeconds: number | null
  successor: string | null
}
export type StoredSession = {
  uid: string
  payload: AdapterPayload
  expiresAt: Date | null
  updatedAt: Date
  readAt: Date
}
export type StoredGrant = { id: string; payload: AdapterPayload; expiresAt: Date | null }
export type StoredInteraction = { payload: AdapterPayload; expiresAt: Date | null; issuedAt: Date }
export type StoredUser = {
  id: string
  email: string
  emailVerified: boolean
  name: string | null
  updatedAt: Date
  role: Role | null
}

/** Everything one token request, introspection, revocation or userinfo call will ask for. */
export type Prefetched = {
  tokens: StoredToken[]
  session: StoredSession | null
  grant: StoredGrant | null
  user: StoredUser | null
  /** The client calling, and the client the token belongs to if that is another one. */
  caller: StoredClient | null
  owner: StoredClient | null
  /** The client that the token's resource server introspects as. */
  audienceClientId: string | null
  /** The database's time of this read. */
  readAt: Date
}

// Not now(), which is when this statement's transaction began: that can be before the other one used the token up.
const token = `t.digest, t.kind, t.payload, t.expires_at AS "expiresAt", t.consumed_at AS "consumedAt",
  extract(epoch FROM clock_timestamp() - t.consumed_at)::float8 AS "consumedForSeconds", t.successor`
const session = `s.uid AS s_uid, s.payload AS s_payload, s.expires_at AS s_expires_at, s.updated_at AS s_updated_at`
const user = `u.id AS u_id, u.email AS u_email, u.email_verified AS u_email_verified, u.name AS u_name, u.updated_at AS u_updated_at, u.role AS u_role`
const grant = `g.id AS g_id, g.payload AS g_payload, g.expires_at AS g_expires_at`

const ownerCut =
  '(CASE WHEN t.client_id = asked.client_id THEN c.tokens_not_before ELSE o.tokens_not_before END)'

// Revoked grants, ended sessions, disabled users and clients, and whatever lies before a cut are not there: every door asks
// through here. A client's own token has no grant to speak for it, so its own age decides.
const prefetchText = `SELECT ${token}, ${session}, ${user}, ${clientColumns('c')}, ${clientColumns('o')}, ${grant},
    r.client_id AS r_client_id, now() AS read_at, t.grant_id IS NOT NULL OR ${isLater('t', SERVER_CUT, ownerCut)} AS t_counts
  FROM (SELECT $1::bytea AS digest, $2::text AS client_id) asked
  CROSS JOIN ${fromServer}
  LEFT JOIN tokens t ON t.digest = asked.digest AND t.revoked_at IS NULL
  LEFT JOIN users u ON u.id = t.user_id AND u.disabled_at IS NULL
  LEFT JOIN resource_servers r ON r.identifier = t.audience
  LEFT JOIN clients c ON c.id = asked.client_id AND c.disabled_at IS NULL
  LEFT JOIN clients o ON o.id = t.client_id AND o.id IS DISTINCT FROM asked.client_id AND o.disabled_at IS NULL
  LEFT JOIN cutoffs k ON k.user_id = t.user_id AND k.client_id = t.client_id
  LEFT JOIN grants g ON g.id = t.grant_id AND g.revoked_at IS NULL
    AND ${isLater('g', SERVER_CUT, 'u.tokens_not_before', ownerCut, 'k.tokens_not_before')}
  LEFT JOIN sessions s ON s.uid = t.session_uid AND s.revoked_at IS NULL
    AND ${isLater('s', SERVER_CUT, 'u.tokens_not_before')}`

type Row = Record<string, unknown>

/** One round trip for a bearer secret (by digest) and a caller (by client_id): all rows their verdict rests on. */
export async function prefetch(pool: Pool, digest: Buffer, clientId: string | null): Promise<Prefetched> {
  const { rows } = await pool.query<Row>({ name: 'prefetch', text: prefetchText, values: [digest, clientId] })
  const first = rows[0] ?? {}
  const caller = clientFrom(first, 'c')
  return {
    tokens: rows.filter((row) => row['kind'] !== null && row['t_counts']) as unknown as StoredToken[],
    session: sessionFrom(first),
    grant: grantFrom(first),
    user: userFrom(first),
    caller,
    owner: clientFrom(first, 'o'),
    audienceClientId: (first['r_client_id'] as string | null | undefined) ?? null,
    readAt: first['read_at'] as Date,
  }
}

export async function readToken(
  pool: Pool,
  by: 'digest' | 'uid' | 'user_code',
  value: Buffer | string,
  kind: string,
): Promise<StoredToken | null> {
  const text = `SELECT ${token} FROM tokens t CROSS JOIN ${fromServer}
    LEFT JOIN grants g ON g.id = t.grant_id
    LEFT JOIN users u ON u.id = t.user_id
    LEFT JOIN clients o ON o.id = t.client_id
    LEFT JOIN cutoffs k ON k.user_id = t.user_id AND k.client_id = t.client_id
    WHERE t.${by} = $1 AND t.kind = $2 AND t.revoked_at IS NULL AND g.revoked_at IS NULL
      AND (COALESCE(g.issued_at, t.issued_at) > GREATEST(${SERVER_CUT}, u.tokens_not_before, o.tokens_not_before, k.tokens_not_before)) IS NOT FALSE
    ORDER BY t.expires_at DESC NULLS LAST LIMIT 1`
  const { rows } = await pool.query<StoredToken>({ name: `token_by_${by}`, text, values: [value, kind] })
  return rows[0] ?? null
}

/** A living session and the user it belongs to, if that user is enabled. */
export async function readSession(
  pool: Pool,
  by: 'digest' | 'uid',
  value: Buffer | string,
): Promise<{ session: StoredSession | null; user: StoredUser | null }> {
  const text = `SELECT ${session}, ${user}, now() AS read_at FROM sessions s CROSS JOIN ${fromServer}
    LEFT JOIN users u ON u.id = s.user_id AND u.disabled_at IS NULL
    WHERE s.${by} = $1 AND s.revoked_at IS NULL AND ${isLater('s', SERVER_CUT, 'u.tokens_not_before')}`
  const { rows } = await pool.query<Row>({ name: `session_by_${by}`, text, values: [value] })
  const row = rows[0] ?? {}
  return { session: sessionFrom(row), user: userFrom(row) }
}

// A session's cut needs its user first, and what follows from the session needs the cut: hence the inner query.
// A client is born with a cut, just before created_at; that one asks nobody to sign in again.
const browserText = `SELECT ${session}, ${user}, ${grant}, ${clientColumns('c')}, now() AS read_at,
    GREATEST(k.tokens_not_before,
      CASE WHEN c.tokens_not_before > c.created_at THEN c.tokens_not_before END) AS sign_in_after
  FROM (SELECT $1::bytea AS digest, $2::text AS client_id) asked
  CROSS JOIN ${fromServer}
  LEFT JOIN clients c ON c.id = asked.client_id AND c.disabled_at IS NULL
  LEFT JOIN (sessions s LEFT JOIN users u ON u.id = s.user_id AND u.disabled_at IS NULL)
    ON s.digest = asked.digest AND s.revoked_at IS NULL AND ${isLater('s', SERVER_CUT, 'u.tokens_not_before')}
  LEFT JOIN cutoffs k ON k.user_id = s.user_id AND k.client_id = asked.client_id
  LEFT JOIN grants g ON g.id = s.payload #>> ARRAY['authorizations', asked.client_id, 'grantId'] AND g.revoked_at IS NULL
    AND ${isLater('g', SERVER_CUT, 'u.tokens_not_before', 'c.tokens_not_before', 'k.tokens_not_before')}`

/** One round trip for a browser's session (by digest) and the client it comes for: both, the user, and that session's grant. */
export async function readBrowser(
  pool: Pool,
  digest: Buffer,
  clientId: string,
): Promise<{
  session: StoredSession | null
  user: StoredUser | null
  grant: StoredGrant | null
  client: StoredClient | null
  signInAfter: Date | null
}> {
  const { rows } = await pool.query<Row>({ name: 'browser', text: browserText, values: [digest, clientId] })
  const row = rows[0] ?? {}
  return {
    session: sessionFrom(row),
    user: userFrom(row),
    grant: grantFrom(row),
    client: clientFrom(row, 'c'),
    signInAfter: (row['sign_in_after'] as Date | null | undefined) ?? null,
  }
}

export async function readGrant(pool: Pool, id: string): Promise<StoredGrant | null> {
  const { rows } = await pool.query<Row>({ name: 'grant', text: livingGrant(grant), values: [id] })
  return grantFrom(rows[0] ?? {})
}

/** The statement that gives these columns of the grant with the id $1, if it counts. */
export function livingGrant(columns: string): string {
  return `SELECT ${columns} FROM grants g CROSS JOIN ${fromServer}
    LEFT JOIN users u ON u.id = g.user_id
    LEFT JOIN clients c ON c.id = g.client_id
    LEFT JOIN cutoffs k ON k.user_id = g.user_id AND k.client_id = g.client_id
    WHERE g.id = $1 AND g.revoked_at IS NULL
      AND ${isLater('g', SERVER_CUT, 'u.tokens_not_before', 'c.tokens_not_before', 'k.tokens_not_before')}`
}

export async function readUser(pool: Pool, id: string): Promise<StoredUser | null> {
  const { rows } = await pool.query<Row>({
    name: 'user',
    text: `SELECT ${user} FROM users u WHERE u.id = $1 AND u.disabled_at IS NULL`,
    values: [id],
  })
  return userFrom(rows[0] ?? {})
}

export async function readInteraction(pool: Pool, digest: Buffer): Promise<StoredInteraction | null> {
  const text = `SELECT i.payload, i.expires_at AS "expiresAt", i.issued_at AS "issuedAt" FROM interactions i CROSS JOIN ${fromServer}
    LEFT JOIN users u ON u.id = i.user_id
    LEFT JOIN clients c ON c.id = i.client_id
    LEFT JOIN cutoffs k ON k.user_id = i.user_id AND k.client_id = i.client_id
    WHERE i.digest = $1
      AND ${isLater('i', SERVER_CUT, 'u.tokens_not_before', 'c.tokens_not_before', 'k.tokens_not_before')}`
  const { rows } = await pool.query<StoredInteraction>({
    name: 'interaction',
    text,
    values: [digest],
  })
  return rows[0] ?? null
}

function sessionFrom(row: Row): StoredSession | null {
  if (!row['s_uid']) return null
  const { s_uid: uid, s_payload: payload, s_expires_at: expiresAt, s_updated_at: updatedAt } = row
  return { uid, payload, expiresAt, updatedAt, readAt: row['read_at'] } as StoredSession
}

function grantFrom(row: Row): StoredGrant | null {
  if (!row['g_id']) return null
  return { id: row['g_id'], payload: row['g_payload'], expiresAt: row['g_expires_at'] } as StoredGrant
}

function userFrom(row: Row): StoredUser | null {
  if (!row['u_id']) return null
  const {
    u_id: id,
    u_email: email,
    u_email_verified: emailVerified,
    u_name: name,
    u_updated_at: updatedAt,
    u_role: role,
  } = row
  return { id, email, emailVerified, name, updatedAt, role } as StoredUser
}
