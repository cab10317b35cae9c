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
  'throttle.blocked': 'account:self.event.throttled',
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
  'user.password_changed': 'account:self.event.passwordChanged',
  'user.password_reset_started': 'account:self.event.resetStarted',
  'user.unlocked': 'account:self.event.unlocked',
  'user.updated': 'account:self.event.updated',
}

/** Worth a second look when it was not oneself. */
export const alerting: ReadonlySet<string> = new Set([
  'sign_in.recovery_code_used',
  'sign_in.throttled',
  'throttle.blocked',
  'factor.totp_added',
  'factor.totp_removed',
  'factor.passkey_added',
  'factor.passkey_removed',
  'user.password_changed',
])

/** Does this kind of event say anything to the person it is about? */
export function isTold(type: string): boolean {
  return Object.hasOwn(words, type)
}

/** Whether somebody else did it on purpose, an operator or a machine: where they sit is none of this person's business. */
export function isByOperator({ actor }: Pick<ListedEvent, 'actor'>, userId: string): boolean {
  return actor !== undefined && actor.via !== 'user' && actor.user_id !== userId
}

/** What an event says to the person it is about. `app`: the name of its app, if it has one. */
export function wordsForEvent(type: string, app: string): Text {
  const key = words[type]
  if (key === undefined) throw new Error(`no words for ${type}`)
  return text(key, { app })
}
