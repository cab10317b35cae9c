import type { ListedEvent } from '../../audit/index.ts'
import { text } from '../../language/index.ts'
import type { Text, TextKey } from '../../language/index.ts'

/** Events a person can make sense of. Those of one sign-in's single steps are told by the sign-in itself. */
const words: Record<string, TextKey> = {
  'session.started': 'account:self.event.sessionStarted',
  'session.ended': 'account:self.event.sessionEnded',
  'access.revoked': 'account:self.event.accessRevoked',
  'sign_in.password_failed': 'account:self.event.passwordFailed',
  'sign_in.totp_failed': 'account:self.event.codeFailed',
  'sign_in.passkey_failed': 'account:self.event.passkeyFailed',
  'sign_in.recovery_code_failed': 'account:self.event.recoveryCodeFailed',
  'sign_in.recovery_code_used': 'account:self.event.recoveryCodeUsed',
  'sign_in.throttled': 'account:self.event.throttled',
  'sign_in.unlocked': 'account:self.event.unlockedByMail',
  'throttle.blocked': 'account:self.event.throttled',
  'throttle.lifted': 'account:self.event.unlocked',
  'factor.totp_added': 'account:self.event.totpAdded',
  'factor.totp_removed': 'account:self.event.totpRemoved',
  'factor.passkey_added': 'account:self.event.passkeyAdded',
  'factor.passkey_removed': 'account:self.event.passkeyRemoved',
  'factor.recovery_codes_generated': 'account:self.event.codesGenerated',
  'browser.trusted': 'account:self.event.browserTrusted',
  'browser.forgotten': 'account:self.event.browserForgotten',
  'consent.granted': 'account:self.event.consentGranted',
  'consent.denied': 'account:self.event.consentDenied',
  'device.approved': 'account:self.event.deviceApproved',
  'device.denied': 'account:self.event.deviceDenied',
  'user.created': 'account:self.event.created',
  'user.data_downloaded': 'account:self.event.dataDownloaded',
  'user.disabled': 'account:self.event.disabled',
  'user.enabled': 'account:self.event.enabled',
  'user.invited': 'account:self.event.invited',
  'user.password_changed': 'account:self.event.passwordChanged',
  'user.password_reset_started': 'account:self.event.resetStarted',
  'user.unlocked': 'account:self.event.unlocked',
  'user.updated': 'account:self.event.updated',
}

/**
 * Where the kind alone does not say what happened, its detail does. Grants that end with a session, or with all that an app has, are told
 * by the event of that.
 */
const closer: Record<string, (detail: ListedEvent['detail']) => TextKey | undefined> = {
  'grant.revoked': ({ reason }) => {
    if (reason === 'refresh_token_reused') return 'account:self.event.accessUsedTwice'
    if (reason === 'code_replayed') return 'account:self.event.codeUsedTwice'
    return reason === 'revoked_by_client' ? 'account:self.event.accessGivenUp' : undefined
  },
  'sign_in.passkey_failed': ({ reason }) =>
    reason === 'counter_went_back' ? 'account:self.event.passkeyCopied' : undefined,
  'user.updated': ({ fields }) => {
    const changed: readonly unknown[] = Array.isArray(fields) ? fields : []
    if (changed.includes('email')) return 'account:self.event.emailChanged'
    return changed.includes('role') ? 'account:self.event.roleChanged' : undefined
  },
}

/** Worth a second look when it was not oneself. */
const alerting: ReadonlySet<TextKey> = new Set<TextKey>([
  'account:self.event.accessUsedTwice',
  'account:self.event.codeUsedTwice',
  'account:self.event.emailChanged',
  'account:self.event.passkeyAdded',
  'account:self.event.passkeyCopied',
  'account:self.event.passkeyRemoved',
  'account:self.event.passwordChanged',
  'account:self.event.recoveryCodeUsed',
  'account:self.event.throttled',
  'account:self.event.totpAdded',
  'account:self.event.totpRemoved',
  'account:self.event.unlockedByMail',
])

type Happened = Pick<ListedEvent, 'type' | 'detail'>

function keyOf({ type, detail }: Happened): TextKey | undefined {
  return closer[type]?.(detail) ?? words[type]
}

/** Does this event say anything to the person it is about? */
export function isTold(event: Happened): boolean {
  return keyOf(event) !== undefined
}

/** What an event says to the person it is about, and whether it asks for a second look. `app`: the name of its app, if it has one. */
export function wordsForEvent(event: Happened, app: string): { what: Text; isAlert: boolean } {
  const key = keyOf(event)
  if (key === undefined) throw new Error(`no words for ${event.type}`)
  return { what: text(key, { app }), isAlert: alerting.has(key) }
}

/** Whether somebody else did it on purpose, an operator or a machine: where they sit is none of this person's business. */
export function isByOperator({ actor }: Pick<ListedEvent, 'actor'>, userId: string): boolean {
  return actor !== undefined && actor.via !== 'user' && actor.user_id !== userId
}
