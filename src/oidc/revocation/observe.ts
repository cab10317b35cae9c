import { afterCommit } from '../../db/index.ts'
import type { Tx } from '../../db/index.ts'
import type { Selector } from './selector.ts'

/** One revocation, in words from bounded sets: for counting. */
export type ObservedRevocation = {
  selector:
    'everything' | 'user' | 'user_at_client' | 'client' | 'session' | 'grant' | 'token' | 'signing_key'
  /** Why; `operator` stands for whatever an operator wrote. */
  reason: 'user' | 'credential_changed' | 'disabled' | 'deleted' | 'security_tool' | 'operator'
}

const reasons: Record<string, ObservedRevocation['reason']> = {
  signed_out: 'user',
  ended_by_user: 'user',
  others_ended_by_user: 'user',
  withdrawn_by_user: 'user',
  signed_in_again: 'user',
  signed_in_as_another_user: 'user',
  too_many_accounts: 'user',
  password_changed: 'credential_changed',
  recovery_codes_regenerated: 'credential_changed',
  totp_added: 'credential_changed',
  passkey_added: 'credential_changed',
  totp_reset: 'credential_changed',
  client_secret_rotated: 'credential_changed',
  user_disabled: 'disabled',
  client_disabled: 'disabled',
  user_deleted: 'deleted',
  client_deleted: 'deleted',
  global_token_revocation: 'security_tool',
}

const observers = new Set<(revocation: ObservedRevocation) => void>()

/** Tells of every revocation of this process that was committed, from now on. Returns how to hear no more. */
export function observeRevocations(observer: (revocation: ObservedRevocation) => void): () => void {
  observers.add(observer)
  return () => observers.delete(observer)
}

/** Tells the observers once the transaction is durable: what was rolled back ended nothing. */
export function tellObservers(tx: Tx, selector: Selector, reason: string): void {
  if (observers.size === 0) return
  const observed = { selector: kindOf(selector), reason: reasons[reason] ?? 'operator' }
  afterCommit(tx, () => {
    for (const observer of observers) observer(observed)
    return Promise.resolve()
  })
}

function kindOf(selector: Selector): ObservedRevocation['selector'] {
  if ('sessionUid' in selector) return 'session'
  if ('grantId' in selector) return 'grant'
  if ('token' in selector) return 'token'
  if ('signingKey' in selector) return 'signing_key'
  if ('everything' in selector) return 'everything'
  if (!('userId' in selector)) return 'client'
  return selector.clientId === undefined ? 'user' : 'user_at_client'
}
