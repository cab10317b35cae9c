import { digest } from '../crypto/index.ts'
import { networkOf, networksOf } from './network.ts'
import type { CounterPolicy, ThrottlePolicy } from './throttle-policy.ts'

/** Whom a counter is about, where that is known: kept with it only while it blocks, for operators. */
export type Subject = {
  userId?: string | undefined
  clientId?: string | undefined
  network?: string | undefined
}

/** One counter that an attempt is held against. */
export type Counter = { key: string; policy: CounterPolicy; about?: Subject | undefined }

/**
 * Names a counter: what it counts, then a digest for each thing it is counted by. Neither addresses nor e-mails can be read
 * from a key, and the key of an address that no user has looks like any other.
 */
export function counterKey(scope: string, ...parts: string[]): string {
  return [scope, ...parts.map((part) => digest(`${scope}\n${part}`).toString('base64url'))].join('/')
}

/** What a counter counts: the first part of its key. */
export function scopeOfKey(key: string): string {
  return key.split('/', 1)[0] ?? ''
}

/**
 * The counters of the networks an address belongs to: an IPv4 address; of an IPv6 address its /64, and its /56 and /48 with twice and four
 * times the limit. For any room that counts what comes from a network; `scope` names what is counted. With `client`, that client is
 * counted apart from the others in each network.
 */
export function networkCounters(
  scope: string,
  policy: CounterPolicy,
  ip: string,
  { client }: { client?: string | undefined } = {},
): Counter[] {
  return networksOf(ip).map(({ name, times }) => ({
    key: client === undefined ? counterKey(scope, name) : counterKey(scope, client, `${client}\n${name}`),
    policy: { ...policy, limit: policy.limit * times },
    about: { ...(client === undefined ? {} : { clientId: client }), network: name },
  }))
}

/**
 * What a password attempt is counted by. From a known browser: that browser alone, so that no stranger, not even one behind the
 * same router, can use up the owner's attempts (TH-03). Otherwise account and network together, the account, the network.
 */
export function passwordCounters(
  policy: ThrottlePolicy['password'],
  {
    account,
    userId,
    ip,
    browser,
  }: { account: string; userId?: string | undefined; ip: string; browser: string | null },
): Counter[] {
  if (browser !== null)
    return [{ key: counterKey('password.browser', browser), policy: policy.browser, about: { userId } }]
  const network = networkOf(ip)
  return [
    { key: accountNetworkKey(account, network), policy: policy.accountNetwork, about: { userId, network } },
    { key: counterKey('password.account', account), policy: policy.account, about: { userId } },
    ...networkCounters('password.network', policy.network, ip),
  ]
}

/**
 * What a TOTP code is counted by: the user alone, from wherever it comes and in whichever sign-in (MF-05); from a known browser that
 * browser alone, so that somebody who learned the password cannot keep the owner out with wrong codes (TH-03).
 */
export function otpCounters(
  policy: ThrottlePolicy['otp'],
  userId: string,
  browser: string | null = null,
): Counter[] {
  const about = { userId }
  if (browser !== null)
    return [
      { key: counterKey('otp.browser', browser), policy: policy.user, about },
      { key: counterKey('otp.browser-per-day', browser), policy: policy.userPerDay, about },
    ]
  return [
    { key: counterKey('otp.user', userId), policy: policy.user, about },
    { key: counterKey('otp.user-per-day', userId), policy: policy.userPerDay, about },
  ]
}

/** What the code that proves a new authenticator is counted by. Apart from sign-in: mistyping here blocks nobody there. */
export function otpEnrolmentCounters(policy: ThrottlePolicy['otpEnrolment'], userId: string): Counter[] {
  return [{ key: counterKey('otp-enrolment.user', userId), policy: policy.user, about: { userId } }]
}

/** What a recovery code is counted by: the user, or from a known browser that browser. */
export function recoveryCodeCounters(
  policy: ThrottlePolicy['recoveryCode'],
  userId: string,
  browser: string | null = null,
): Counter[] {
  const key =
    browser === null ? counterKey('recovery-code.user', userId) : counterKey('recovery-code.browser', browser)
  return [{ key, policy: policy.user, about: { userId } }]
}

/**
 * What an answer by a passkey that somebody has is counted by: from a known browser that browser alone; else the user, the passkey and each
 * network together. Its id is no secret (whoever knows the password is shown it), so nobody elsewhere may use up its owner's attempts (TH-03).
 */
export function passkeyCounters(
  policy: CounterPolicy,
  { userId, passkey, ip, browser }: { userId: string; passkey: string; ip: string; browser: string | null },
): Counter[] {
  if (browser !== null) return [{ key: counterKey('passkey.browser', browser), policy, about: { userId } }]
  return networksOf(ip).map(({ name, times }) => ({
    key: counterKey('passkey.user-network', userId, `${passkey}\n${name}`),
    policy: { ...policy, limit: policy.limit * times },
    about: { userId, network: name },
  }))
}

const browserScopes = [
  ...['password.browser', 'otp.browser', 'otp.browser-per-day', 'recovery-code.browser', 'passkey.browser'],
  ...['mail-request.browser', 'unlock-request.browser', 'mail-code.browser', 'device-code.browser'],
]
const networkScopes = [
  'password.account-network',
  'mail-request.address-network',
  'unlock-request.address-network',
  'mail-code.address-network',
]

/** The keys of all counters of one account, of the browsers known for it too, and the beginnings of those that also name a network. */
export function countersOfAccount(
  { id, email }: { id: string; email: string },
  browsers: readonly { id: string }[] = [],
): { keys: string[]; prefixes: string[] } {
  const scopes = [
    'otp.user',
    'otp.user-per-day',
    'otp-enrolment.user',
    'recovery-code.user',
    'device-code.account',
  ]
  return {
    keys: [
      counterKey('password.account', email),
      counterKey('mail-code.address', email),
      ...scopes.map((scope) => counterKey(scope, id)),
      ...browsers.flatMap((browser) => browserScopes.map((scope) => counterKey(scope, browser.id))),
    ],
    prefixes: [
      ...networkScopes.map((scope) => `${counterKey(scope, email)}/`),
      `${counterKey('passkey.user-network', id)}/`,
    ],
  }
}

function accountNetworkKey(account: string, network: string): string {
  // The network's digest is taken together with the account, so that it cannot be found by trying all addresses once.
  return counterKey('password.account-network', account, `${account}\n${network}`)
}
