/**
 * The users room: who the End-User is and how they prove it. Owns the tables users, totp_credentials, recovery_codes and
 * attempt_counters, and is the only one to hash passwords or make one-time codes. Every check counts its attempt before it
 * verifies anything, answers alike for those who exist and those who do not, and records its outcome.
 * It refuses to show a hash or a seed twice, and to call a lost database a wrong password. It knows no OAuth, no HTTP, no
 * cookies: which factors a sign-in needs, and what a disabled user loses, is decided above.
 */
export { claimsFor } from './claims.ts'
export { setDisabled, setPasswordHash } from './change-user.ts'
export { createUser } from './create-user.ts'
export { normaliseEmail } from './email.ts'
export { factorsOf } from './factors.ts'
export type { Factors } from './factors.ts'
export { HasherBusy } from './hash-queue.ts'
export { createPasswordHasher } from './hasher.ts'
export type { PasswordHasher } from './hasher.ts'
export { issueDeviceToken } from './known-device.ts'
export { importTotp } from './import-totp.ts'
export { listUsers } from './list-users.ts'
export { checkPassword } from './password.ts'
export type { PasswordAttempt, PasswordDeps } from './password.ts'
export { passwordProblem } from './password-policy.ts'
export type { PasswordProblem } from './password-policy.ts'
export { countRecoveryCodes, generateRecoveryCodes, useRecoveryCode } from './recovery-codes.ts'
export { giveBack, reserveAttempt, settleSuccess } from './throttle.ts'
export type { Reservation } from './throttle.ts'
export { counterKey } from './throttle-counters.ts'
export type { Counter } from './throttle-counters.ts'
export { defaultThrottlePolicy } from './throttle-policy.ts'
export type { CounterPolicy, ThrottlePolicy } from './throttle-policy.ts'
export { sweepUsersRoom } from './sweep.ts'
export { checkTotp, hasTotp, removeTotp } from './totp.ts'
export type { CodeVerdict, TotpDeps } from './totp.ts'
export { beginTotpEnrolment, confirmTotpEnrolment, pendingTotpEnrolment } from './totp-enrolment.ts'
export type { TotpEnrolment } from './totp-enrolment.ts'
export { totpUri } from './totp-uri.ts'
export { unlockUser } from './unlock-user.ts'
export { findUser, findUserByEmail } from './user.ts'
export type { User } from './user.ts'
