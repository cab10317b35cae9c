import type { AuditEventInput } from './record.ts'

const text =
  'INSERT INTO audit_events (type, user_id, client_id, grant_id, session_uid, ip, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)'

/** The same append as `record`, as a prepared statement for rooms that write on a connection of their own. */
export function auditStatement(event: AuditEventInput): { name: string; text: string; values: unknown[] } {
  const { type, userId, clientId, grantId, sessionUid, ip, detail } = event
  const values = [type, userId ?? null, clientId ?? null, grantId ?? null, sessionUid ?? null, ip ?? null]
  return { name: 'audit_append', text, values: [...values, JSON.stringify(detail ?? {})] }
}
