import type { Db, Prisma } from '../db/index.ts'

/** The vocabulary: `noun.what_happened`, stable, greppable, documented in docs/operate.md. */
export const auditTypes = [
  'access.revoked',
  'admin.denied',
  'audit.events_removed',
  'browser.forgotten',
  'browser.trusted',
  'client.authentication_failed',
  'client.created',
  'client.deleted',
  'client.disabled',
  'client.enabled',
  'client.logo_changed',
  'client.logouts_retried',
  'client.secret_rotated',
  'client.updated',
  'consent.denied',
  'consent.granted',
  'device.approved',
  'device.denied',
  'factor.passkey_added',
  'factor.passkey_removed',
  'factor.recovery_codes_generated',
  'factor.totp_added',
  'factor.totp_removed',
  'global_revocation.refused',
  'grant.revoked',
  'job.discarded',
  'job.retried',
  'mail.discarded',
  'mail.retried',
  'resource_server.created',
  'resource_server.deleted',
  'resource_server.updated',
  'scope_words.deleted',
  'scope_words.updated',
  'sealing_keys.changed',
  'session.ended',
  'session.started',
  'sign_in.passkey_failed',
  'sign_in.passkey_ok',
  'sign_in.password_failed',
  'sign_in.password_ok',
  'sign_in.recovery_code_failed',
  'sign_in.recovery_code_used',
  'sign_in.throttled',
  'sign_in.totp_failed',
  'sign_in.totp_ok',
  'sign_in.unlocked',
  'signing_key.activated',
  'signing_key.created',
  'signing_key.retired',
  'stream.created',
  'stream.deleted',
  'stream.denied',
  'stream.status_changed',
  'stream.subject_added',
  'stream.subject_removed',
  'stream.updated',
  'theme.deleted',
  'theme.updated',
  'throttle.blocked',
  'throttle.credential_stuffing',
  'throttle.lifted',
  'token.issued',
  'user.created',
  'user.data_downloaded',
  'user.deleted',
  'user.disabled',
  'user.enabled',
  'user.invited',
  'user.password_changed',
  'user.password_reset_started',
  'user.unlocked',
  'user.updated',
  'webhook.created',
  'webhook.deleted',
  'webhook.disabled',
  'webhook.paused',
  'webhook.resumed',
  'webhook.secret_rotated',
  'webhook.tested',
  'webhook.updated',
] as const
export type AuditType = (typeof auditTypes)[number]

/** Who did it, by which way in. What the system did by itself (a job, the first start) has no id. */
export type Actor = {
  via: 'admin_api' | 'cli' | 'client' | 'user' | 'system' | 'security_tool'
  clientId?: string | undefined
  userId?: string | undefined
  /** The handle of the access token it was done with; never the token. */
  token?: string | undefined
  requestId?: string | undefined
}

/** Who asked for a change, and from which address: what functions that record take from those who know. */
export type By = {
  actor?: Actor | undefined
  /** The address the request came from, as the request context trusts it. */
  ip?: string | undefined
}

export type AuditEventInput = By & {
  type: AuditType
  userId?: string | undefined
  clientId?: string | undefined
  grantId?: string | undefined
  sessionUid?: string | undefined
  detail?: Record<string, unknown>
}

/**
 * Appends one event. Pass the transaction of the change it tells of: both commit or neither does.
 */
export async function record(db: Db, event: AuditEventInput): Promise<void> {
  await db.auditEvent.create({ data: rowOf(event), select: { id: true } })
}

/** Appends many events by one statement with one parameter, for changes that come by the hundred. */
export async function recordAll(db: Db, events: readonly AuditEventInput[]): Promise<void> {
  await db.$executeRaw`
    INSERT INTO audit_events (type, user_id, client_id, grant_id, session_uid, ip,
      actor_via, actor_client_id, actor_user_id, actor_token, request_id, detail)
    SELECT type, "userId", "clientId", "grantId", "sessionUid", ip,
      "actorVia", "actorClientId", "actorUserId", "actorToken", "requestId", detail
    FROM jsonb_to_recordset(${JSON.stringify(events.map(rowOf))}::jsonb) AS events
      (type text, "userId" text, "clientId" text, "grantId" text, "sessionUid" text, ip text, "actorVia" text,
       "actorClientId" text, "actorUserId" text, "actorToken" text, "requestId" text, detail jsonb)`
}

function rowOf({ type, userId, clientId, grantId, sessionUid, ip, actor, detail }: AuditEventInput) {
  return {
    ...withoutUndefined({ type, userId, clientId, grantId, sessionUid, ip, ...columnsOf(actor) }),
    detail: (detail ?? {}) as Prisma.InputJsonObject,
  }
}

function columnsOf(actor: Actor | undefined) {
  return {
    actorVia: actor?.via,
    actorClientId: actor?.clientId,
    actorUserId: actor?.userId,
    actorToken: actor?.token,
    requestId: actor?.requestId,
  }
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as never
}
