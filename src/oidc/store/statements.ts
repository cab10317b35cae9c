import { AUDIT_COLUMNS, AUDIT_TYPES, auditStatement, auditValues } from '../../audit/index.ts'
import type { AuditEventInput } from '../../audit/index.ts'
import { ringSql } from '../../queue/index.ts'
import { logoutRound } from '../logout-round.ts'
import { JWT_KIND } from './rows.ts'
import type { TokenRow } from './rows.ts'
import type { Conflict, Write } from './writes.ts'

/** A named prepared statement, and what it means when it changes no row. */
export type Statement = { name: string; text: string; values: unknown[]; ifNothing?: Conflict }

const tokenColumns =
  'digest, kind, grant_id, client_id, user_id, session_uid, audience, uid, user_code, payload, expires_at, status_list, status_idx, issued_at'
const tokenTypes = [
  'bytea',
  'text',
  'text',
  'text',
  'uuid',
  'text',
  'text',
  'text',
  'text',
  'jsonb',
  'timestamptz',
  'int',
  'int',
  'timestamptz',
]
const WIDTH = tokenTypes.length

function tokenValues(row: TokenRow): unknown[] {
  const { digest, kind, grantId, clientId, userId, sessionUid, audience, uid, userCode, payload, expiresAt } =
    row
  const [list, index] = row.status ? [row.status.list, row.status.index] : [null, null]
  return [
    ...[digest, kind, grantId, clientId, userId, sessionUid, audience, uid, userCode, payload, expiresAt],
    ...[list, index, row.issuedAt],
  ]
}

function placeholders(from: number): string {
  const values = tokenTypes.map((type, i) => `$${from + i}::${type}`)
  const issuedAt = values.pop() ?? ''
  return `(${values.join(', ')}, COALESCE(${issuedAt}, now()))`
}

// An upsert never touches consumed_at: what is used up stays used up.
const onSameToken = `ON CONFLICT (digest, kind) DO UPDATE SET payload = EXCLUDED.payload, expires_at = EXCLUDED.expires_at,
  grant_id = EXCLUDED.grant_id, user_id = EXCLUDED.user_id, session_uid = EXCLUDED.session_uid, uid = EXCLUDED.uid, user_code = EXCLUDED.user_code`

const saveToken = `INSERT INTO tokens (${tokenColumns}) VALUES ${placeholders(1)} ${onSameToken}`

/**
 * Uses up a code or refresh token and issues what replaces it, in one statement and therefore one transaction:
 * of any number of parallel callers one changes the row, and only its tokens come to be (RFC 6749 section 4.1.2), told by one event.
 */
export function redeemStatement(
  spent: { kind: string; digest: Buffer; successor: string | null },
  issued: TokenRow[],
  event?: AuditEventInput,
): Statement {
  const rows = issued.map((_, i) => placeholders(4 + i * WIDTH)).join(', ')
  const text = `WITH spent AS (
    UPDATE tokens SET consumed_at = now(), successor = $3 WHERE digest = $1 AND kind = $2 AND consumed_at IS NULL RETURNING 1
  ), issued AS (
    INSERT INTO tokens (${tokenColumns}) SELECT * FROM (VALUES ${rows}) AS new WHERE EXISTS (SELECT 1 FROM spent)
  )${event ? told(4 + issued.length * WIDTH) : ''} SELECT 1 FROM spent`
  const values = [
    ...[spent.digest, spent.kind, spent.successor, ...issued.flatMap(tokenValues)],
    ...(event ? auditValues(event) : []),
  ]
  const name = `redeem_${issued.length}${event ? '_told' : ''}`
  return { name, text, values, ifNothing: 'token_consumed' }
}

function told(from: number): string {
  const values = AUDIT_TYPES.map((type, i) => `$${from + i}::${type}`).join(', ')
  return `, told AS (INSERT INTO audit_events (${AUDIT_COLUMNS}) SELECT ${values} FROM spent)`
}

const consumeToken = `UPDATE tokens SET consumed_at = now(), successor = $3 WHERE digest = $1 AND kind = $2 AND consumed_at IS NULL`

// Nor issued_at: what a session or a grant goes back to stays what it was when it began.
// From which browser it began stays as well, once somebody has signed in in it.
const saveSession = `INSERT INTO sessions (uid, digest, user_id, payload, expires_at, updated_at, issued_at, user_agent, ip)
  VALUES ($1, $2, $3, $4, $5, now(), COALESCE($6::timestamptz, now()), $7, $8)
  ON CONFLICT (uid) DO UPDATE SET digest = EXCLUDED.digest, user_id = EXCLUDED.user_id, payload = EXCLUDED.payload,
    expires_at = EXCLUDED.expires_at, updated_at = now(),
    user_agent = CASE WHEN sessions.user_id IS NULL THEN EXCLUDED.user_agent ELSE sessions.user_agent END,
    ip = CASE WHEN sessions.user_id IS NULL THEN EXCLUDED.ip ELSE sessions.ip END WHERE sessions.revoked_at IS NULL`

const saveGrant = `INSERT INTO grants (id, user_id, client_id, payload, expires_at, issued_at)
  VALUES ($1, $2, $3, $4, $5, COALESCE($6::timestamptz, now()))
  ON CONFLICT (id) DO UPDATE SET payload = EXCLUDED.payload, expires_at = EXCLUDED.expires_at WHERE grants.revoked_at IS NULL`

const saveInteraction = `INSERT INTO interactions (digest, client_id, payload, expires_at, issued_at)
  VALUES ($1, $2, $3, $4, COALESCE($5::timestamptz, now()))
  ON CONFLICT (digest) DO UPDATE SET payload = EXCLUDED.payload, expires_at = EXCLUDED.expires_at`

// The tokens go first: once the row is gone or marked, nothing finds them by their grant any more. JWTs stay as revoked, because
// the status list that tells the APIs is made from them.
const revokeGrant = `WITH gone AS (DELETE FROM tokens WHERE grant_id = $1 AND status_list IS NULL),
    listed AS (UPDATE tokens SET revoked_at = now() WHERE grant_id = $1 AND status_list IS NOT NULL AND revoked_at IS NULL)
  UPDATE grants SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL`

// Whoever took part in the session is told of its end, by the name it knows the session by (OpenID Connect Back-Channel Logout 1.0).
/**
 * What is left of a session that ended (alias s): which grants were given in it, because those with offline access may go on, and
 * whoever ends the session for good must find them; and the names that clients know the session by, for those who are told later.
 */
export const TOMBSTONE = `jsonb_build_object('endedGrants', COALESCE(
  (SELECT jsonb_agg(a.value ->> 'grantId') FROM jsonb_each(s.payload -> 'authorizations') a WHERE a.value ? 'grantId'), '[]'),
  'knownAs', COALESCE(
  (SELECT jsonb_object_agg(a.key, a.value ->> 'sid') FROM jsonb_each(s.payload -> 'authorizations') a WHERE a.value ? 'sid'), '{}'))`

const revokeSession = `WITH ended AS (SELECT uid, user_id, payload FROM sessions WHERE uid = $1 AND revoked_at IS NULL FOR UPDATE),
    told AS (INSERT INTO logout_notices (id, client_id, user_id, sid)
      SELECT gen_random_uuid(), c.id, e.user_id, a.value ->> 'sid' FROM ended e, jsonb_each(e.payload -> 'authorizations') a
      JOIN clients c ON c.id = a.key AND c.metadata ? 'backchannel_logout_uri' AND c.disabled_at IS NULL
      WHERE e.user_id IS NOT NULL RETURNING client_id),
    rung AS (SELECT count(${ringSql(logoutRound, 'told.client_id')}) FROM told)
  UPDATE sessions s SET revoked_at = now(), payload = ${TOMBSTONE} FROM ended CROSS JOIN rung WHERE s.uid = ended.uid`

const tellClient = `WITH told AS (
    INSERT INTO logout_notices (id, client_id, user_id, sid) VALUES (gen_random_uuid(), $1, $2, $3) RETURNING client_id)
  SELECT ${ringSql(logoutRound, 'told.client_id')} IS NULL FROM told`

// The first answer stands, whoever gives it: a code that was answered, used, revoked or has expired is not touched (RFC 8628).
const decideDeviceCode = `UPDATE tokens SET payload = $2, grant_id = $3, user_id = $4, session_uid = $5
  WHERE digest = $1 AND kind = 'DeviceCode' AND user_id IS NULL AND NOT payload ? 'error'
    AND consumed_at IS NULL AND revoked_at IS NULL AND expires_at > clock_timestamp()`

const deleteTokens = 'DELETE FROM tokens WHERE grant_id = $1 AND kind = $2'
const deleteAccessTokens = `WITH listed AS (UPDATE tokens SET revoked_at = now() WHERE grant_id = $1 AND status_list IS NOT NULL AND revoked_at IS NULL)
  ${deleteTokens}`

/** The statement that carries out one write. */
export function statementFor(write: Write): Statement {
  switch (write.do) {
    case 'save_token':
      return { name: 'save_token', text: saveToken, values: tokenValues(write.row) }
    case 'consume_token':
      return {
        name: 'consume_token',
        text: consumeToken,
        values: [write.digest, write.kind, write.successor],
        ifNothing: 'token_consumed',
      }
    case 'decide_device_code': {
      const { digest, payload, grantId, userId, sessionUid } = write.row
      return {
        name: 'decide_device_code',
        text: decideDeviceCode,
        values: [digest, payload, grantId, userId, sessionUid],
        ifNothing: 'device_code_decided',
      }
    }
    case 'delete_token':
      return {
        name: 'delete_token',
        text: 'DELETE FROM tokens WHERE digest = $1 AND kind = $2',
        values: [write.digest, write.kind],
      }
    case 'extend_token':
      return {
        name: 'extend_token',
        text: 'UPDATE tokens SET expires_at = $3 WHERE digest = $1 AND kind = $2',
        values: [write.digest, write.kind, write.expiresAt],
      }
    case 'delete_grant_tokens':
      return {
        name: write.kind === 'AccessToken' ? 'delete_grant_access_tokens' : 'delete_grant_tokens',
        text: write.kind === 'AccessToken' ? deleteAccessTokens : deleteTokens,
        values: [write.grantId, write.kind],
      }
    case 'revoke_jwt':
      return {
        name: 'revoke_jwt',
        text: 'UPDATE tokens SET revoked_at = now() WHERE digest = $1 AND kind = $2 AND revoked_at IS NULL',
        values: [write.digest, JWT_KIND],
      }
    case 'revoke_grant':
      return { name: 'revoke_grant', text: revokeGrant, values: [write.grantId] }
    case 'save_grant': {
      const { id, userId, clientId, payload, expiresAt, issuedAt } = write.row
      return {
        name: 'save_grant',
        text: saveGrant,
        values: [id, userId, clientId, payload, expiresAt, issuedAt],
      }
    }
    case 'save_session': {
      const { uid, digest, userId, payload, expiresAt, issuedAt, browser } = write.row
      return {
        name: 'save_session',
        text: saveSession,
        values: [uid, digest, userId, payload, expiresAt, issuedAt, browser.userAgent, browser.ip],
        ifNothing: 'session_ended',
      }
    }
    case 'extend_session':
      return {
        name: 'extend_session',
        text: 'UPDATE sessions SET expires_at = $2, updated_at = now() WHERE uid = $1 AND revoked_at IS NULL',
        values: [write.uid, write.expiresAt],
      }
    case 'revoke_session':
      return {
        name: 'revoke_session',
        text: revokeSession,
        values: [write.uid],
      }
    case 'tell_client':
      return {
        name: 'tell_client',
        text: tellClient,
        values: [write.clientId, write.userId, write.sid],
      }
    case 'save_interaction': {
      const { digest, clientId, payload, expiresAt, issuedAt } = write.row
      return {
        name: 'save_interaction',
        text: saveInteraction,
        values: [digest, clientId, payload, expiresAt, issuedAt],
      }
    }
    case 'delete_interaction': {
      const statement = {
        name: 'delete_interaction',
        text: 'DELETE FROM interactions WHERE digest = $1',
        values: [write.digest],
      }
      return write.mustExist ? { ...statement, ifNothing: 'interaction_finished' } : statement
    }
    case 'record':
      return auditStatement(write.event)
  }
}
