import type { Db, Prisma } from '../db/index.ts'

/** The vocabulary: `noun.what_happened`, stable, greppable, documented in docs/operate.md. */
export type AuditType =
  | 'access.revoked'
  | 'admin.denied'
  | 'client.created'
  | 'client.deleted'
  | 'client.disabled'
  | 'client.enabled'
  | 'client.secret_rotated'
  | 'client.updated'
  | 'consent.denied'
  | 'consent.granted'
  | 'device.approved'
  | 'device.denied'
  | 'factor.recovery_codes_generated'
  | 'factor.totp_added'
  | 'factor.totp_removed'
  | 'global_revocation.refused'
  | 'grant.revoked'
  | 'resource_server.created'
  | 'resource_server.deleted'
  | 'resource_server.updated'
  | 'session.ended'
  | 'session.started'
  | 'sign_in.password_failed'
  | 'sign_in.password_ok'
  | 'sign_in.recovery_code_failed'
  | 'sign_in.recovery_code_used'
  | 'sign_in.throttled'
  | 'sign_in.totp_failed'
  | 'sign_in.totp_ok'
  | 'signing_key.activated'
  | 'signing_key.created'
  | 'signing_key.retired'
  | 'user.created'
  | 'user.deleted'
  | 'user.disabled'
  | 'user.enabled'
  | 'user.invited'
  | 'user.password_changed'
  | 'user.password_reset_started'
  | 'user.unlocked'
  | 'user.updated'

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
  const { type, userId, clientId, grantId, sessionUid, ip, actor, detail } = event
  await db.auditEvent.create({
    data: {
      ...withoutUndefined({ type, userId, clientId, grantId, sessionUid, ip, ...columnsOf(actor) }),
      detail: (detail ?? {}) as Prisma.InputJsonObject,
    },
    select: { id: true },
  })
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
