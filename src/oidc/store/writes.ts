import type { AuditEventInput } from '../../audit/index.ts'
import type { GrantRow, InteractionRow, SessionRow, TokenRow } from './rows.ts'

/** Why a grant ends; told in its audit event. */
export type RevocationReason = 'code_replayed' | 'refresh_token_reused' | 'revoked_by_client' | 'signed_out'

/** One change an engine request wants to make. A request's writes are committed together or not at all. */
export type Write =
  /** A person's answer to a device: `error` when it is no. */
  | { do: 'decide_device_code'; row: TokenRow; error: string | null }
  | { do: 'consume_token'; kind: string; digest: Buffer; successor: string | null }
  | { do: 'delete_grant_tokens'; kind: string; grantId: string }
  | { do: 'delete_interaction'; digest: Buffer; mustExist: boolean }
  | { do: 'delete_token'; kind: string; digest: Buffer }
  | { do: 'extend_session'; uid: string; expiresAt: Date }
  | { do: 'extend_token'; kind: string; digest: Buffer; expiresAt: Date }
  | { do: 'record'; event: AuditEventInput }
  | { do: 'revoke_grant'; grantId: string }
  | { do: 'revoke_jwt'; digest: Buffer }
  | { do: 'revoke_session'; uid: string }
  | { do: 'save_grant'; row: GrantRow }
  | { do: 'save_interaction'; row: InteractionRow }
  | { do: 'save_session'; row: SessionRow }
  | { do: 'save_token'; row: TokenRow }
  | { do: 'tell_client'; clientId: string; userId: string; sid: string | null }

/** What another request did first, so that this one's writes must not happen. */
export type Conflict = 'token_consumed' | 'session_ended' | 'interaction_finished' | 'device_code_decided'

// Every transaction takes its locks in this order, so that two of them wait for each other instead of deadlocking.
const order: Record<Write['do'], number> = {
  consume_token: 0,
  decide_device_code: 0,
  extend_token: 1,
  revoke_grant: 2,
  save_grant: 3,
  save_session: 4,
  extend_session: 5,
  revoke_session: 6,
  delete_interaction: 7,
  save_interaction: 8,
  delete_token: 9,
  delete_grant_tokens: 10,
  revoke_jwt: 10,
  save_token: 11,
  tell_client: 12,
  record: 13,
}

export function inLockOrder(writes: readonly Write[]): Write[] {
  return writes.toSorted((a, b) => order[a.do] - order[b.do])
}
