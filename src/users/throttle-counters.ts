import { digest } from '../crypto/index.ts'
import type { KnownDevice } from './known-device.ts'
import { networkOf } from './network.ts'
import type { CounterPolicy, ThrottlePolicy } from './throttle-policy.ts'

/** One counter that an attempt is held against. */
export type Counter = { key: string; policy: CounterPolicy }

/**
 * Names a counter: what it counts, then a digest for each thing it is counted by. Neither addresses nor e-mails can be read
 * from a key, and the key of an address that no user has looks like any other.
 */
export function counterKey(scope: string, ...parts: string[]): string {
  return [scope, ...parts.map((part) => digest(`${scope}\n${part}`).toString('base64url'))].join('/')
}

/**
 * What a password attempt is counted by. From a known device: that device alone, so that no stranger, not even one behind the
 * same router, can use up the owner's attempts (TH-03). Otherwise account and network together, the account, the network.
 */
export function passwordCounters(
  policy: ThrottlePolicy['password'],
  { account, ip, device }: { account: string; ip: string; device: KnownDevice | null },
): Counter[] {
  if (device) return [{ key: counterKey('password.device', device.nonce), policy: policy.device }]
  const network = networkOf(ip)
  return [
    { key: accountNetworkKey(account, network), policy: policy.accountNetwork },
    { key: counterKey('password.account', account), policy: policy.account },
    { key: counterKey('password.network', network), policy: policy.network },
  ]
}

/** What a TOTP code is counted by: the user alone, from wherever it comes and in whichever sign-in (MF-05). */
export function otpCounters(policy: ThrottlePolicy['otp'], userId: string): Counter[] {
  return [
    { key: counterKey('otp.user', userId), policy: policy.user },
    { key: counterKey('otp.user-per-day', userId), policy: policy.userPerDay },
  ]
}

/** What the code that proves a new authenticator is counted by. Apart from sign-in: mistyping here blocks nobody there. */
export function otpEnrolmentCounters(policy: ThrottlePolicy['otpEnrolment'], userId: string): Counter[] {
  return [{ key: counterKey('otp-enrolment.user', userId), policy: policy.user }]
}

/** What a recovery code is counted by. */
export function recoveryCodeCounters(policy: ThrottlePolicy['recoveryCode'], userId: string): Counter[] {
  return [{ key: counterKey('recovery-code.user', userId), policy: policy.user }]
}

/** The keys of all counters of one account, and the beginning of those that also name a network. */
export function countersOfAccount({ id, email }: { id: string; email: string }): {
  keys: string[]
  prefix: string
} {
  const scopes = [
    'otp.user',
    'otp.user-per-day',
    'otp-enrolment.user',
    'recovery-code.user',
    'device-code.account',
  ]
  return {
    keys: [counterKey('password.account', email), ...scopes.map((scope) => counterKey(scope, id))],
    prefix: `${counterKey('password.account-network', email)}/`,
  }
}

function accountNetworkKey(account: string, network: string): string {
  // The network's digest is taken together with the account, so that it cannot be found by trying all addresses once.
  return counterKey('password.account-network', account, `${account}\n${network}`)
}
