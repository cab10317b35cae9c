import type { Db, Prisma } from '../db/index.ts'

/** The vocabulary: `noun.what_happened`, stable, greppable, documented in docs/operate.md. */
export type AuditType =
  | 'client.created'
  | 'client.deleted'
  | 'client.secret_rotated'
  | 'client.updated'
  | 'consent.denied'
  | 'consent.granted'
  | 'factor.recovery_codes_generated'
  | 'factor.totp_added'
  | 'factor.totp_removed'
  | 'grant.revoked'
  | 'session.ended'
  | 'session.started'
  | 'sign_in.password_failed'
  | 'sign_in.password_ok'
  | 'sign_in.recovery_code_failed'
  | 'sign_in.recovery_code_used'
  | 'sign_in.throttled'
  | 'sign_in.totp_failed'
  | 'sign_in.totp_ok'
  | 'signing_key.created'
  | 'user.created'
  | 'user.disabled'
  | 'user.enabled'
  | 'user.password_changed'
  | 'user.unlocked'

export type AuditEventInput = {
  type: AuditType
  userId?: string | undefined
  clientId?: string | undefined
  grantId?: string | undefined
  sessionUid?: string | undefined
  /** The address the request came from, as the request context trusts it. */
  ip?: string | undefined
  detail?: Record<string, unknown>
}

/**
 * Appends one event. Pass the transaction of the change it tells of: both commit or neither does.
 */
export async function record(db: Db, event: AuditEventInput): Promise<void> {
  const { detail, ...columns } = event
  await db.auditEvent.create({
    data: { ...withoutUndefined(columns), detail: (detail ?? {}) as Prisma.InputJsonObject },
    select: { id: true },
  })
}

function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as never
}
