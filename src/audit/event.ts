import { createHash } from 'node:crypto'

/** An event as it is shown, exported and hashed. What it has not is left out, so that a later column changes no old digest. */
export type AuditEventDocument = {
  /** Larger than those of most events before it; not the order of commits (see the chain for that). */
  id: string
  at: string
  type: string
  user_id?: string
  client_id?: string
  grant_id?: string
  session_id?: string
  ip?: string
  actor?: { via: string; client_id?: string; user_id?: string; token?: string }
  request_id?: string
  detail: Record<string, unknown>
}

/** A row of audit_events as the driver gives it. */
export type EventRow = {
  id: string
  at: Date
  type: string
  user_id: string | null
  client_id: string | null
  grant_id: string | null
  session_uid: string | null
  ip: string | null
  actor_via: string | null
  actor_client_id: string | null
  actor_user_id: string | null
  actor_token: string | null
  request_id: string | null
  detail: Record<string, unknown>
}

/** The columns of an EventRow, of the table under its alias `e`. */
export const EVENT_COLUMNS = `e.id::text AS id, e.at, e.type, e.user_id, e.client_id, e.grant_id, e.session_uid, e.ip,
  e.actor_via, e.actor_client_id, e.actor_user_id, e.actor_token, e.request_id, e.detail`

export function documentOf(row: EventRow): AuditEventDocument {
  const actor = withoutNull({
    via: row.actor_via,
    client_id: row.actor_client_id,
    user_id: row.actor_user_id,
    token: row.actor_token,
  })
  return {
    id: row.id,
    at: row.at.toISOString(),
    type: row.type,
    ...withoutNull({
      user_id: row.user_id,
      client_id: row.client_id,
      grant_id: row.grant_id,
      session_id: row.session_uid,
      ip: row.ip,
      actor: Object.keys(actor).length > 0 ? actor : null,
      request_id: row.request_id,
    }),
    detail: row.detail,
  } as AuditEventDocument
}

/** SHA-256 of the event's canonical JSON. */
export function digestOf(document: AuditEventDocument): Buffer {
  return createHash('sha256').update(canonicalJson(document), 'utf8').digest()
}

/** JSON with sorted keys and no spaces (RFC 8785), so that anybody who has the event arrives at the same bytes. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}

function withoutNull<T extends object>(value: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null)) as never
}
