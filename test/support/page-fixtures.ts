/**
 * Every hosted page in the states that matter, with data as it comes in life and data meant to break it.
 * Used by the screenshots, the accessibility run and the tests of the renderer.
 */
import { toString } from 'qrcode'
import type { Render } from '../../src/http/render.ts'
import type { ClientView, Views } from '../../src/http/views.ts'
import { text } from '../../src/language/index.ts'
import type { Language, Text } from '../../src/language/index.ts'
import { accountFixtures } from './fixtures/account.ts'
import { byMailFixtures } from './fixtures/by-mail.ts'
import { consentFixtures } from './fixtures/consent.ts'

/** One page in one state; `name` is unique and fit for a file name. */
export type PageFixture<V extends keyof Views = keyof Views> = {
  [K in V]: { name: string; view: K; data: Views[K] }
}[V]

/** Renders a fixture as its reader gets it: `renderFixture(createRenderer(…), fixture, 'de')`. */
export function renderFixture<V extends keyof Views>(
  render: Render,
  fixture: PageFixture<V>,
  language: Language = 'en',
): string {
  return render(
    { state: { language, here: '/interaction/Zr4mBq0jW8vXkTn2sYcLd' } },
    fixture.view,
    fixture.data,
  )
}

/** Breaks out of attributes, text, comments, titles, scripts and URLs wherever escaping is missing. */
export const polyglot =
  `jaVasCript:/*-/*\`/*\\\`/*'/*"/**/(/* */oNcliCk=alert(1) )//%0D%0A%0d%0a//</stYle/</titLe/` +
  `</teXtarEa/</scRipt/--!>\\x3csVg/<sVg/oNloAd=alert(1)//>\\x3e<%~ it.csrf %>\${it}`

/** Words that others wrote, where a page says something. */
const hostileText: Text = text('errors:engine.said', { description: polyglot })

const base = '/interaction/Zr4mBq0jW8vXkTn2sYcLd'
const csrf = 'v1.7Qm2sT9xKfLw0aZpYhVb3g.1795284000'
const email = 'amelie.okafor@example.com'
const longEmail =
  'maximiliane.von-der-hohenstaufen-wolkenkuckucksheim+newsletters@students.informatik.universitaet-beispielstadt.example'
const acme: ClientView = {
  name: 'Acme Mail',
  uri: 'https://mail.acme.example/',
  policyUri: 'https://mail.acme.example/privacy',
  tosUri: 'https://mail.acme.example/terms',
}
const longClient: ClientView = {
  name: 'Landesamt für Digitalisierung, Breitband und Vermessung – Bürgerserviceportal (Testumgebung 2)',
  policyUri: 'https://buergerservice.example/datenschutz',
}
const hostileClient: ClientView = {
  name: polyglot,
  uri: 'javascript:alert(1)',
  logoUri: 'https://tracker.example/pixel.gif',
  policyUri: 'javascript:alert(1)',
  tosUri: `https://terms.example/"><script>alert(1)</script>`,
}
const rightToLeftClient: ClientView = { name: 'بريد أكمي', policyUri: 'https://mail.acme.example/ar/privacy' }

const uri =
  'otpauth://totp/Cardea:amelie.okafor%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Cardea'
const enrol: Views['totp-enrol'] = {
  action: `${base}/totp-enrol`,
  csrf,
  email,
  client: acme,
  qrSvg: await toString(uri, { type: 'svg' }),
  secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  uri,
}
const login: Views['login'] = {
  ...{ action: `${base}/login`, abortAction: `${base}/abort`, csrf, client: acme },
  forgotUri: '/forgot?interaction=Zr4mBq0jW8vXkTn2sYcLd',
}
const passkeyForm = { action: `${base}/passkey`, options: '{"challenge":"AAAA"}' }
const passkeyPage: Views['passkey'] = {
  ...{ action: `${base}/passkey`, abortAction: `${base}/abort`, csrf, email, client: acme },
  ...{ passkey: passkeyForm, recoveryAction: `${base}/recovery-code` },
}
const totp: Views['totp'] = {
  action: `${base}/totp`,
  abortAction: `${base}/abort`,
  recoveryAction: `${base}/recovery-code`,
  csrf,
  email,
  client: acme,
}
const recovery: Views['recovery-code'] = {
  action: `${base}/recovery-code`,
  abortAction: `${base}/abort`,
  totpAction: base,
  csrf,
  email,
  client: acme,
}
const codes = [
  'K7QM-2XTF-9WZA-0C4N',
  'P3ZD-8HVC-4RNY-61TB',
  'T6BJ-5GKE-7S8M-W2QD',
  'W9FX-3QC1-2DZP-F7HR',
  'A4HN-6YRT-8VKB-05XE',
  'M2GE-9JSW-5XFQ-N3DV',
  'C8V0-7PDA-3ZHN-Q4KT',
  'R5TV-4KBY-6MGE-81ZS',
  'X3JS-2WQF-9C0V-7PAM',
  'D7ZP-8NHA-5TVR-E6YG',
]

export const pageFixtures: PageFixture[] = [
  { name: 'login', view: 'login', data: login },
  {
    name: 'login-error',
    view: 'login',
    data: {
      ...login,
      email,
      error: text('signin:login.wrong'),
    },
  },
  {
    name: 'login-throttled',
    view: 'login',
    data: { ...login, email, problem: text('errors:throttled.minutes', { count: 5 }) },
  },
  {
    name: 'login-known-email-long-names',
    view: 'login',
    data: { ...login, email: longEmail, client: longClient },
  },
  { name: 'login-without-client', view: 'login', data: { action: '/account/login', csrf } },
  { name: 'login-right-to-left-client', view: 'login', data: { ...login, client: rightToLeftClient } },
  {
    name: 'login-hostile',
    view: 'login',
    data: {
      ...login,
      email: polyglot,
      error: hostileText,
      problem: hostileText,
      client: hostileClient,
    },
  },
  { name: 'totp', view: 'totp', data: totp },
  {
    name: 'totp-error',
    view: 'totp',
    data: {
      ...totp,
      error: text('signin:totp.wrong'),
    },
  },
  {
    name: 'totp-throttled-long-email',
    view: 'totp',
    data: { ...totp, email: longEmail, problem: text('errors:throttled.minutes', { count: 15 }) },
  },
  {
    name: 'totp-hostile',
    view: 'totp',
    data: { ...totp, email: polyglot, error: hostileText, client: hostileClient },
  },
  { name: 'totp-enrol', view: 'totp-enrol', data: enrol },
  {
    name: 'totp-enrol-error-optional',
    view: 'totp-enrol',
    data: {
      ...enrol,
      skipAction: `${base}/totp-enrol/skip`,
      abortAction: `${base}/abort`,
      error: text('signin:totp.wrong'),
    },
  },
  { name: 'login-passkey', view: 'login', data: { action: `${base}/login`, csrf, passkey: passkeyForm } },
  { name: 'totp-passkey', view: 'totp', data: { ...totp, passkey: passkeyForm } },
  { name: 'totp-enrol-passkey', view: 'totp-enrol', data: { ...enrol, passkey: passkeyForm } },
  { name: 'passkey', view: 'passkey', data: passkeyPage },
  {
    name: 'passkey-refused',
    view: 'passkey',
    data: { ...passkeyPage, recoveryAction: undefined, problem: text('signin:passkey.refused') },
  },
  { name: 'passkey-enrol', view: 'passkey-enrol', data: passkeyPage },
  { name: 'passkey-offer', view: 'passkey-offer', data: passkeyPage },
  ...(['passkey', 'passkey-enrol', 'passkey-offer'] as const).map((view) => ({
    name: `${view}-hostile`,
    view,
    data: {
      ...passkeyPage,
      ...{ email: polyglot, problem: hostileText, client: hostileClient },
      passkey: { action: `${base}/passkey`, options: polyglot },
    },
  })),
  {
    name: 'totp-enrol-hostile',
    view: 'totp-enrol',
    data: { ...enrol, email: polyglot, secret: polyglot, uri: 'javascript:alert(1)', error: hostileText },
  },
  { name: 'recovery-code', view: 'recovery-code', data: recovery },
  {
    name: 'login-waiting',
    view: 'login',
    data: {
      ...login,
      email,
      problem: text('errors:throttled.seconds', { count: 32 }),
      unlockAction: `${base}/unlock-request`,
    },
  },
  {
    name: 'login-challenge',
    view: 'login',
    data: {
      ...login,
      email,
      problem: text('signin:unlock.demanded'),
      unlockAction: `${base}/unlock-request`,
    },
  },
  {
    name: 'unlock',
    view: 'unlock',
    data: { action: `${base}/unlock`, csrf, client: acme, email, signInAction: base },
  },
  {
    name: 'unlock-error',
    view: 'unlock',
    data: {
      ...{ action: `${base}/unlock`, csrf, client: acme, email: polyglot, signInAction: base },
      error: text('signin:unlock.wrong'),
    },
  },
  { name: 'totp-trust', view: 'totp', data: { ...totp, trustDays: 30 } },
  { name: 'passkey-trust', view: 'passkey', data: { ...passkeyPage, trustDays: 30 } },
  {
    name: 'recovery-code-error',
    view: 'recovery-code',
    data: {
      ...recovery,
      error: text('signin:recoveryCode.wrong'),
    },
  },
  {
    name: 'recovery-codes',
    view: 'recovery-codes',
    data: { action: `${base}/recovery-codes`, csrf, codes, email },
  },
  {
    name: 'recovery-codes-error',
    view: 'recovery-codes',
    data: {
      action: `${base}/recovery-codes`,
      csrf,
      codes,
      error: text('signin:recoveryCodes.notSaved'),
    },
  },
  {
    name: 'recovery-codes-replaced',
    view: 'recovery-codes',
    data: { action: `${base}/recovery-codes`, csrf, codes: [], replaced: true, email },
  },
  ...accountFixtures({
    ...{ csrf, email, longEmail, acme, hostileClient, polyglot },
    qrSvg: await toString(uri, { type: 'svg' }),
  }),
  ...consentFixtures({ base, csrf, email, longEmail, acme, longClient, hostileClient, polyglot }),
  {
    name: 'select-account',
    view: 'select-account',
    data: {
      action: `${base}/select-account`,
      csrf,
      client: acme,
      abortAction: `${base}/abort`,
      accounts: [{ email, name: 'Amélie Okafor', current: true }],
    },
  },
  {
    name: 'select-account-several',
    view: 'select-account',
    data: {
      action: `${base}/select-account`,
      csrf,
      client: longClient,
      accounts: [
        { email, name: 'Amélie Okafor', current: true },
        { email: longEmail, current: false },
        { email: 'noor@example.org', name: 'نور الهاشمي', current: false },
      ],
    },
  },
  {
    name: 'select-account-asked-for',
    view: 'select-account',
    data: {
      action: `${base}/select-account`,
      csrf,
      client: acme,
      accounts: [{ email, name: 'Amélie Okafor', current: false }],
      othersHidden: true,
    },
  },
  {
    name: 'select-account-hostile',
    view: 'select-account',
    data: {
      action: `${base}/select-account`,
      csrf,
      client: hostileClient,
      problem: hostileText,
      accounts: [{ email: polyglot, name: polyglot, current: true }],
    },
  },
  { name: 'device', view: 'device', data: { action: '/device', xsrf: csrf } },
  {
    name: 'device-error',
    view: 'device',
    data: {
      ...{ action: '/device', xsrf: csrf, userCode: 'WDJB-MJHT' },
      error: text('device:enter.unknown'),
    },
  },
  {
    name: 'device-throttled',
    view: 'device',
    data: {
      action: '/device',
      xsrf: csrf,
      problem: text('errors:throttled.minutes', { count: 10 }),
    },
  },
  {
    name: 'device-hostile',
    view: 'device',
    data: { action: polyglot, xsrf: polyglot, userCode: polyglot, error: hostileText },
  },
  {
    name: 'device-confirm',
    view: 'device-confirm',
    data: { action: '/device', xsrf: csrf, userCode: 'WDJB-MJHT', client: acme },
  },
  {
    name: 'device-confirm-long-client',
    view: 'device-confirm',
    data: { action: '/device', xsrf: csrf, userCode: 'WDJB-MJHT', client: longClient },
  },
  {
    name: 'device-confirm-hostile',
    view: 'device-confirm',
    data: { action: polyglot, xsrf: polyglot, userCode: polyglot, client: hostileClient },
  },
  { name: 'device-answered', view: 'device-answered', data: { client: acme, allowed: true } },
  {
    name: 'device-answered-no',
    view: 'device-answered',
    data: { client: rightToLeftClient, allowed: false },
  },
  { name: 'device-answered-plain', view: 'device-answered', data: { allowed: true } },
  {
    name: 'device-answered-hostile',
    view: 'device-answered',
    data: { client: hostileClient, allowed: false },
  },
  {
    name: 'logout',
    view: 'logout',
    data: { action: '/session/end/confirm', xsrf: csrf, email, client: acme },
  },
  { name: 'logout-without-client', view: 'logout', data: { action: '/session/end/confirm', xsrf: csrf } },
  {
    name: 'logout-hostile',
    view: 'logout',
    data: { action: '/session/end/confirm', xsrf: polyglot, email: polyglot, client: hostileClient },
  },
  {
    name: 'logout-of-several',
    view: 'logout',
    data: { action: '/session/end/confirm', xsrf: csrf, email, others: ['bob@example.com', polyglot] },
  },
  { name: 'logged-out', view: 'logged-out', data: { client: acme, returnUri: 'https://mail.acme.example/' } },
  { name: 'logged-out-plain', view: 'logged-out', data: {} },
  { name: 'logged-out-stayed', view: 'logged-out', data: { client: longClient, stayed: true } },
  {
    name: 'logged-out-hostile',
    view: 'logged-out',
    data: { client: hostileClient, returnUri: 'javascript:alert(1)' },
  },
  {
    name: 'set-password-invited',
    view: 'set-password',
    data: {
      action: '/account/password',
      csrf,
      email,
      ticket: 'Jf3Gk1kS8Q2nTq7mVbY4rWc0xLzPdHaE5uIoN6sK9tA',
      invited: true,
    },
  },
  {
    name: 'set-password-refused',
    view: 'set-password',
    data: {
      ...{ action: '/account/password', csrf, email: longEmail, invited: false },
      ticket: 'Jf3Gk1kS8Q2nTq7mVbY4rWc0xLzPdHaE5uIoN6sK9tA',
      error: text('passwords:problem.too_common'),
    },
  },
  {
    name: 'set-password-hostile',
    view: 'set-password',
    data: { action: '/account/password', csrf, email: polyglot, ticket: polyglot, invited: false },
  },
  { name: 'password-set', view: 'password-set', data: {} },
  ...byMailFixtures({ csrf, email, longEmail, polyglot, hostileText }),
  {
    name: 'error-expired',
    view: 'error',
    data: {
      client: acme,
      title: text('errors:expired.title'),
      message: text('errors:expired.message'),
      hint: text('errors:expired.hint'),
      startAgainUri: 'https://mail.acme.example/login',
      reference: '01J9ZK3V8M4T7QWE2RXYB6NHCD',
    },
  },
  {
    name: 'error-cookies-off',
    view: 'error',
    data: {
      title: text('errors:noCookie.title'),
      message: text('errors:noCookie.message'),
      hint: text('errors:noCookie.hint'),
      code: 'session_not_found',
      reference: '01J9ZK3V8M4T7QWE2RXYB6NHCE',
    },
  },
  {
    name: 'error-already-done',
    view: 'error',
    data: {
      client: acme,
      title: text('errors:sessionChanged.title'),
      message: text('errors:sessionChanged.message'),
      startAgainUri: base,
    },
  },
  {
    name: 'error-finished',
    view: 'error',
    data: {
      client: acme,
      title: text('errors:finished.title'),
      message: text('errors:finished.message'),
      hint: text('errors:finished.hint'),
      startAgainUri: 'https://mail.acme.example/',
      finished: true,
    },
  },
  {
    name: 'error-crowded',
    view: 'error',
    data: {
      title: text('errors:crowded.title'),
      message: text('errors:crowded.message'),
      againUri: '/interaction/01J9ZK3V8M4T7QWE2RXYB6NHCD',
    },
  },
  {
    name: 'error-not-found',
    view: 'error',
    data: {
      title: text('errors:http.404.title'),
      message: text('errors:http.404.message'),
      code: 'not_found',
    },
  },
  {
    name: 'error-too-many',
    view: 'error',
    data: {
      title: text('errors:http.429.title'),
      message: text('errors:http.429.message'),
      code: 'too_many_requests',
      reference: '01J9ZK3V8M4T7QWE2RXYB6NHCF',
    },
  },
  {
    name: 'error-unavailable',
    view: 'error',
    data: {
      title: text('errors:http.503.title'),
      message: text('errors:http.503.message'),
      code: 'temporarily_unavailable',
      reference: '01J9ZK3V8M4T7QWE2RXYB6NHCG',
      startAgainUri: base,
    },
  },
  {
    name: 'error-hostile',
    view: 'error',
    data: {
      client: hostileClient,
      title: hostileText,
      message: hostileText,
      hint: hostileText,
      code: polyglot,
      reference: polyglot,
      startAgainUri: 'javascript:alert(1)',
    },
  },
]
