import { describe, expect, test } from '@jest/globals'
import { authenticationOf, helpfulFactors, nextStep } from '../../../src/interaction/login-steps.ts'
import type { Available, Step } from '../../../src/interaction/login-steps.ts'
import type { Progress } from '../../../src/interaction/progress.ts'
import type { AcrDemand, Factor } from '../../../src/oidc/index.ts'

const NOW = 1_800_000_000
const MFA = 'urn:cardea:acr:mfa'
const STRONG = 'urn:example:acr:strong'
const table: AcrDemand['table'] = [
  { acr: 'urn:cardea:acr:pwd', ways: [['pwd']], freshSeconds: null },
  { acr: MFA, ways: [['pwd', 'otp'], ['passkey'], ['pwd', 'recovery_code']], freshSeconds: null },
  { acr: STRONG, ways: [['passkey']], freshSeconds: 300 },
]

const nobody: Available = {
  ...{ password: true, totp: false, passkeys: 0, recoveryCodes: 0, passkeysWork: true, mustEnrol: false },
}

type Case = {
  policy?: 'optional' | 'required'
  acrValues?: string[]
  essential?: string[]
  has?: Partial<Available>
  /** Proven so many seconds ago. */
  proven?: Partial<Record<Factor, number>>
  progress?: Partial<Progress>
  prompt?: string
  reasons?: string[]
  loggedInBefore?: boolean
}

function asked({ policy = 'required', acrValues = [], essential, has, proven = {}, ...rest }: Case) {
  const times = Object.entries(proven).map(([factor, ago]) => [factor, NOW - ago])
  const progress: Progress = {
    userId: '01900000-0000-7000-8000-000000000000',
    proven: Object.fromEntries(times) as Progress['proven'],
    ...rest.progress,
  }
  const interaction = {
    prompt: { name: rest.prompt ?? 'login', reasons: rest.reasons ?? ['no_session'], details: {} },
    demand: { table, policy, request: { acrValues, essential } },
    loggedInBefore: rest.loggedInBefore ?? false,
    ...{ session: null, askedFor: [] },
    issuedAt: new Date((NOW - 60) * 1000),
  }
  const situation = { available: { ...nobody, ...has }, accounts: [], now: NOW }
  const step = nextStep(interaction, progress, situation)
  return { step, helps: helpfulFactors(interaction, progress, { ...situation, step }) }
}

describe('the next step (SE-05, MF-06)', () => {
  test.each<[string, Case, Step]>([
    ['nothing shown', {}, 'login'],
    ['a second factor alone says nothing about who it is', { proven: { otp: 0 } }, 'login'],
    ['the password, an app at hand', { proven: { pwd: 0 }, has: { totp: true } }, 'totp'],
    ['the password, a passkey at hand', { proven: { pwd: 0 }, has: { passkeys: 1 } }, 'passkey'],
    [
      'the password, a passkey where there can be none any more',
      { proven: { pwd: 0 }, has: { passkeys: 1, passkeysWork: false } },
      'totp-enrol',
    ],
    [
      'the password, both at hand: the app, which works without a script',
      { proven: { pwd: 0 }, has: { totp: true, passkeys: 2 } },
      'totp',
    ],
    ['the password, nothing at hand', { proven: { pwd: 0 } }, 'totp-enrol'],
    ['the password, nothing at hand, policy content', { policy: 'optional', proven: { pwd: 0 } }, 'done'],
    [
      'the password, an app at hand, policy content: asked all the same',
      { policy: 'optional', proven: { pwd: 0 }, has: { totp: true } },
      'totp',
    ],
    [
      'the password, factors reset by an admin, policy content',
      { policy: 'optional', proven: { pwd: 0 }, has: { mustEnrol: true } },
      'totp-enrol',
    ],
    [
      'the password in a trusted browser',
      { proven: { pwd: 0, trusted_browser: 0 }, has: { totp: true } },
      'done',
    ],
    [
      'a trusted browser is no second factor for an acr',
      { acrValues: [MFA], proven: { pwd: 0, trusted_browser: 0 }, has: { totp: true } },
      'totp',
    ],
    ['both factors', { proven: { pwd: 0, otp: 0 }, has: { totp: true } }, 'done'],
    ['a passkey alone', { proven: { passkey: 0 }, has: { passkeys: 1 } }, 'done'],
    [
      'new recovery codes not yet saved',
      { proven: { pwd: 0, otp: 0 }, progress: { unsavedCodes: 'x' } },
      'recovery-codes',
    ],
    [
      'a passkey is offered last',
      { proven: { pwd: 0, otp: 0 }, has: { totp: true }, progress: { offerPasskey: true } },
      'passkey-offer',
    ],
    [
      'a passkey is not offered before the second factor',
      { proven: { pwd: 0 }, has: { totp: true }, progress: { offerPasskey: true } },
      'totp',
    ],
    [
      'a passkey is not offered to somebody whom a trusted browser spared the second factor (MF-07)',
      {
        proven: { pwd: 0, trusted_browser: 0 },
        has: { totp: true },
        progress: { offerPasskey: true },
      },
      'done',
    ],
    [
      'strong wanted, a passkey at hand',
      { acrValues: [STRONG], proven: { pwd: 0 }, has: { totp: true, passkeys: 1 } },
      'passkey',
    ],
    [
      'strong wanted, its passkey too old',
      { acrValues: [STRONG], proven: { passkey: 301 }, has: { passkeys: 1 } },
      'passkey',
    ],
    [
      'strong wanted, none at hand: first the app that there is (MF-07)',
      { acrValues: [STRONG], proven: { pwd: 0 }, has: { totp: true } },
      'totp',
    ],
    [
      'strong wanted, none at hand, the app shown',
      { acrValues: [STRONG], proven: { pwd: 0, otp: 0 }, has: { totp: true } },
      'passkey-enrol',
    ],
    [
      'strong wanted, none at hand, the app shown long ago (MF-07)',
      { acrValues: [STRONG], proven: { pwd: 3600, otp: 3600 }, has: { totp: true } },
      'totp',
    ],
    [
      'strong wanted, none at hand, the phone lost',
      { acrValues: [STRONG], proven: { pwd: 0, recovery_code: 0 }, has: { totp: true } },
      'passkey-enrol',
    ],
    [
      'mfa wanted of an old session by password: the password again before anything is set up (MF-07)',
      { policy: 'optional', acrValues: [MFA], proven: { pwd: 3600 } },
      'login',
    ],
    [
      'mfa wanted of a young session by password',
      { policy: 'optional', acrValues: [MFA], proven: { pwd: 200 } },
      'totp-enrol',
    ],
    [
      'mfa wanted of an old session, an app at hand: the app alone',
      { policy: 'optional', acrValues: [MFA], proven: { pwd: 3600 }, has: { totp: true } },
      'totp',
    ],
    [
      'the password wanted by name, a passkey shown',
      { essential: ['urn:cardea:acr:pwd'], proven: { passkey: 0 }, has: { passkeys: 1 } },
      'login',
    ],
    ['the consent is due', { prompt: 'consent' }, 'consent'],
  ])('%s', (_what, situation, expected) => {
    expect(asked(situation).step).toBe(expected)
  })

  test.each<[string, Case]>([
    ['what nobody has', { essential: ['gold'] }],
    [
      'the password, of somebody without one',
      { essential: ['urn:cardea:acr:pwd'], proven: { passkey: 0 }, has: { password: false, passkeys: 1 } },
    ],
    [
      'strong, where there can be no passkeys',
      { essential: [STRONG], proven: { pwd: 0, otp: 0 }, has: { totp: true, passkeysWork: false } },
    ],
    [
      'mfa, asked before and not reached',
      { essential: [MFA], proven: { pwd: 0 }, reasons: ['essential_acr'], loggedInBefore: true },
    ],
  ])('essentially wanted is %s: an error (AZ-20)', (_what, situation) => {
    expect(asked(situation).step).toMatchObject({ error: 'unmet_authentication_requirements' })
  })
})

describe('the ways that a page offers lead on', () => {
  test.each<[string, Case, string[]]>([
    [
      'for policy any second factor that somebody has',
      { proven: { pwd: 0 }, has: { totp: true, passkeys: 1, recoveryCodes: 3 } },
      ['pwd', 'otp', 'passkey', 'recovery_code'],
    ],
    [
      'for policy no way without a thing to show (recovery codes all spent)',
      { proven: { pwd: 0 }, has: { totp: true } },
      ['pwd', 'otp'],
    ],
    [
      'for mfa any of its ways that somebody has',
      { acrValues: [MFA], proven: { pwd: 0 }, has: { totp: true, recoveryCodes: 3 } },
      ['pwd', 'otp', 'recovery_code'],
    ],
    [
      'for strong the passkey alone',
      { acrValues: [STRONG], proven: { pwd: 0 }, has: { totp: true, passkeys: 1, recoveryCodes: 3 } },
      ['passkey'],
    ],
    [
      'before setting one up, any that there is',
      { acrValues: [STRONG], proven: { pwd: 0 }, has: { totp: true } },
      ['pwd', 'otp', 'passkey', 'recovery_code'],
    ],
    [
      'when setting one up, the one wanted',
      { acrValues: [STRONG], proven: { pwd: 0, otp: 0 }, has: { totp: true } },
      ['passkey'],
    ],
  ])('%s', (_what, situation, expected) => {
    expect([...asked(situation).helps].sort()).toEqual([...expected].sort())
  })
})

describe('what the engine is told', () => {
  test.each<[string, Progress['proven'], object]>([
    ['the password', { pwd: NOW }, { amr: ['pwd'], acr: 'urn:cardea:acr:pwd', ts: NOW }],
    ['password and code', { pwd: NOW - 9, otp: NOW }, { amr: ['pwd', 'otp', 'mfa'], acr: MFA, ts: NOW - 9 }],
    [
      'password and recovery code',
      { pwd: NOW, recovery_code: NOW },
      { amr: ['pwd', 'mfa'], acr: MFA, ts: NOW },
    ],
    ['a passkey', { passkey: NOW }, { amr: ['hwk', 'user', 'mfa'], acr: STRONG, ts: NOW }],
    [
      'password and passkey',
      { pwd: NOW - 9, passkey: NOW },
      { amr: ['pwd', 'hwk', 'user', 'mfa'], acr: STRONG, ts: NOW },
    ],
    [
      'the password in a trusted browser: no second factor is claimed',
      { pwd: NOW - 9, trusted_browser: NOW },
      { amr: ['pwd'], acr: 'urn:cardea:acr:pwd', ts: NOW - 9 },
    ],
  ])('of %s (AZ-20, RFC 8176)', (_what, proven, expected) => {
    expect(authenticationOf(table, { proven, passkeyMethod: 'hwk' }, NOW)).toEqual(expected)
  })
})
