/**
 * The users room: who the End-User is and how they prove it. Owns the tables users, totp_credentials, recovery_codes,
 * password_tickets, mail_tickets, trusted_browsers, attempt_counters and stuffing_watch, and is the only one to hash passwords or make one-time codes. Every check counts its attempt before it
 * verifies anything, answers alike for those who exist and those who do not, and records its outcome.
 * It refuses to show a hash or a seed twice, and to call a lost database a wrong password. It knows no OAuth, no HTTP, no
 * cookies: which factors a sign-in needs, and what a disabled user loses, is decided above.
 */
export type { Around } from './around.ts'
export { countBlocks, findBlock, liftBlock, listBlocks } from './blocks.ts'
export type { Block } from './blocks.ts'
export { claimsFor } from './claims.ts'
export { setDisabled, setPasswordHash } from './change-user.ts'
export { countUsers } from './count-users.ts'
export { createUser } from './create-user.ts'
export { deleteUser } from './delete-user.ts'
export { normaliseEmail } from './email.ts'
export { countPasskeys, factorsOf, hasSecondFactor, listFactors } from './factors.ts'
export type { Factors, ListedFactors } from './factors.ts'
export { HasherBusy } from './hash-queue.ts'
export { createPasswordHasher } from './hasher.ts'
export type { PasswordHasher } from './hasher.ts'
export { importTotp } from './import-totp.ts'
export { importFormats } from './import/formats.ts'
export type { ImportFormatName } from './import/formats.ts'
export { importUsers } from './import/import-users.ts'
export type { ImportedUser, ImportFormat, ImportWarning, SkipReason } from './import/imported-user.ts'
export { listUsers } from './list-users.ts'
export { recallAnswer, rememberAnswer } from './answered-form.ts'
export type { SentForm } from './answered-form.ts'
export { checkMailCode } from './mail-code.ts'
export {
  endMailTickets,
  findMailTicket,
  isMailGood,
  issueMailTicket,
  spendMailTicketByCode,
  spendMailTicketByLink,
  tradeCodeForLink,
} from './mail-ticket.ts'
export type { MailTicketDeps, MailTicketPurpose, NewMailTicket, SpentMailTicket } from './mail-ticket.ts'
export { mailAddressCounters, mailFormCounters } from './mail-throttle.ts'
export { normaliseName } from './name.ts'
export { lockOwners, lockUser } from './owners.ts'
export { removePasskey, removeTotpDevice, renamePasskey, renameTotp } from './manage-factors.ts'
export { passkeyAuthenticationOptions, verifyPasskeyAuthentication } from './passkey-authentication.ts'
export type { PasskeyMethod, PasskeyVerdict } from './passkey-authentication.ts'
export {
  MAX_PASSKEYS,
  passkeyRegistrationOptions,
  verifyPasskeyRegistration,
} from './passkey-registration.ts'
export { passkeySiteOf } from './passkey-site.ts'
export type { PasskeySite } from './passkey-site.ts'
export { checkPassword } from './password.ts'
export type { PasswordAttempt, PasswordDeps } from './password.ts'
export { createFileLookup } from './password-rules/breached-file.ts'
export { createRangeLookup } from './password-rules/breached-range.ts'
export type { BreachedLookup } from './password-rules/breached.ts'
export type { PasswordProblem } from './password-rules/problem.ts'
export { createPasswordRules, passwordProblem } from './password-rules/rules.ts'
export type { PasswordRules } from './password-rules/rules.ts'
export { findPasswordLink, mailPasswordLink, spendPasswordLink } from './password-link.ts'
export { findPasswordTicket, issuePasswordTicket, spendPasswordTicket } from './password-ticket.ts'
export { countRecoveryCodes, generateRecoveryCodes, useRecoveryCode } from './recovery-codes.ts'
export {
  markOfRecoveryCodes,
  markRecoveryCodesSaved,
  recoveryCodesMark,
  recoveryCodesState,
} from './recovery-codes-mark.ts'
export { resetSecondFactor } from './reset-factors.ts'
export { tellUser } from './security-notice.ts'
export { endStuffingAlarm, stuffingAlarm } from './stuffing.ts'
export { giveBack, recordBlocks, reserveAttempt, settleSuccess } from './throttle.ts'
export type { Reservation } from './throttle.ts'
export { counterKey, networkCounters } from './throttle-counters.ts'
export type { Counter } from './throttle-counters.ts'
export { defaultThrottlePolicy } from './throttle-policy.ts'
export type { CounterPolicy, ThrottlePolicy } from './throttle-policy.ts'
export { usersSweeps } from './sweep.ts'
export { checkTotp, hasTotp, removeTotp } from './totp.ts'
export type { CodeVerdict, TotpDeps } from './totp.ts'
export {
  beginTotpEnrolment,
  confirmTotpEnrolment,
  MAX_TOTP_DEVICES,
  pendingTotpEnrolment,
} from './totp-enrolment.ts'
export type { TotpEnrolment } from './totp-enrolment.ts'
export { totpUri } from './totp-uri.ts'
export {
  browserForEmail,
  browserOfAnybody,
  browserOf,
  forgetTrustedBrowser,
  forgetTrustedBrowsers,
  knowBrowser,
  listTrustedBrowsers,
} from './trusted-browsers.ts'
export type { TrustedBrowser } from './trusted-browsers.ts'
export { unlockUser } from './unlock-user.ts'
export { updateUser } from './update-user.ts'
export type { UserPatch } from './update-user.ts'
export { findUser, findUserByEmail } from './user.ts'
export type { User } from './user.ts'
export { setLocale } from './locale.ts'
