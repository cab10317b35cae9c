import type { AuditEventInput } from './record.ts'

/** How an event is appended, for statements that do more than that: the columns, and their types, in the order of `auditValues`. */
export const AUDIT_COLUMNS = `type, user_id, client_id, grant_id, session_uid, ip,
    actor_via, actor_client_id, actor_user_id, actor_token, request_id, detail`
export const AUDIT_TYPES = [...Array<string>(11).fill('text'), 'jsonb'] as const

const text = `INSERT INTO audit_events (${AUDIT_COLUMNS})
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

/** The same append as `record`, as a prepared statement for rooms that write on a connection of their own. */
export function auditStatement(event: AuditEventInput): { name: string; text: string; values: unknown[] } {
  return { name: 'audit_append', text, values: auditValues(event) }
}

export function auditValues(event: AuditEventInput): unknown[] {
  const { type, userId, clientId, grantId, sessionUid, ip, actor, detail } = event
  const about = [userId, clientId, grantId, sessionUid, ip]
  const by = [actor?.via, actor?.clientId, actor?.userId, actor?.token, actor?.requestId]
  return [type, ...[...about, ...by].map((value) => value ?? null), JSON.stringify(detail ?? {})]
}
