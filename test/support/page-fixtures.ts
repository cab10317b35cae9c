/**
 * Every hosted page in the states that matter, with data as it comes in life and data meant to break it.
 * Used by the screenshots, the accessibility run and the tests of the renderer.
 */
import { toString } from 'qrcode'
import type { ClientView, Render, ScopeView, Views } from '../../src/http/render.ts'

/** One page in one state; `name` is unique and fit for a file name. */
export type PageFixture<V extends keyof Views = keyof Views> = {
  [K in V]: { name: string; view: K; data: Views[K] }
}[V]

/** Renders a fixture: `renderFixture(createRenderer(…), fixture)`. */
export function renderFixture<V extends keyof Views>(render: Render, fixture: PageFixture<V>): string {
  return render(fixture.view, fixture.data)
}

/** Breaks out of attributes, text, comments, titles, scripts and URLs wherever escaping is missing. */
export const polyglot =
  `jaVasCript:/*-/*\`/*\\\`/*'/*"/**/(/* */oNcliCk=alert(1) )//%0D%0A%0d%0a//</stYle/</titLe/` +
  `</teXtarEa/</scRipt/--!>\\x3csVg/<sVg/oNloAd=alert(1)//>\\x3e<%~ it.csrf %>\${it}`

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

const scope = (
  name: string,
  title: string,
  description: string,
  more: Partial<ScopeView> = {},
): ScopeView => ({
  name,
  title,
  description,
  optional: false,
  isNew: true,
  checked: false,
  ...more,
})
const openid = scope(
  'openid',
  'Know who you are',
  'A number that stands for your account, so it can recognise you.',
)
const profile = scope('profile', 'See your profile', 'Your name, picture, language and time zone.')
const mail = scope('email', 'See your email address', 'And whether it has been confirmed.')
const optional = { optional: true, checked: true }
const reports = {
  name: 'Acme Reports',
  identifier: 'https://api.acme.example/reports',
  scopes: [
    scope('reports:read', 'Read your reports', 'All reports that you can open yourself.'),
    scope('reports:write', 'Write reports', 'Create reports and change yours.', optional),
    scope('reports:delete', 'Delete reports', 'For good: they cannot be brought back.', { optional: true }),
  ],
}

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
const login: Views['login'] = { action: `${base}/login`, abortAction: `${base}/abort`, csrf, client: acme }
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
const consent: Views['consent'] = {
  action: `${base}/consent`,
  csrf,
  email,
  client: acme,
  redirectHost: 'mail.acme.example',
  scopes: [openid, profile, { ...mail, ...optional }],
  resources: [],
  offline: false,
  firstTime: true,
}
const hostileScope = scope(polyglot, polyglot, polyglot)

export const pageFixtures: PageFixture[] = [
  {
    name: 'login',
    view: 'login',
    data: { ...login, resetHint: 'Ask your administrator: they can send you a new one.' },
  },
  {
    name: 'login-error',
    view: 'login',
    data: {
      ...login,
      email,
      error: 'This email address and password do not match. Check both and try again.',
    },
  },
  {
    name: 'login-throttled',
    view: 'login',
    data: { ...login, email, problem: 'There were too many tries. Wait five minutes, then try again.' },
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
      error: polyglot,
      problem: polyglot,
      resetHint: polyglot,
      client: hostileClient,
    },
  },
  { name: 'totp', view: 'totp', data: totp },
  {
    name: 'totp-error',
    view: 'totp',
    data: {
      ...totp,
      error: 'The code is wrong or has run out. Wait for the next one in your app and enter that.',
    },
  },
  {
    name: 'totp-throttled-long-email',
    view: 'totp',
    data: { ...totp, email: longEmail, problem: 'There were too many wrong codes. Try again in 15 minutes.' },
  },
  {
    name: 'totp-hostile',
    view: 'totp',
    data: { ...totp, email: polyglot, error: polyglot, client: hostileClient },
  },
  { name: 'totp-enrol', view: 'totp-enrol', data: enrol },
  {
    name: 'totp-enrol-error-optional',
    view: 'totp-enrol',
    data: {
      ...enrol,
      skipAction: `${base}/totp-enrol/skip`,
      abortAction: `${base}/abort`,
      error:
        'The code does not match. Check that the clock of your phone is right, then enter the newest code.',
    },
  },
  {
    name: 'totp-enrol-hostile',
    view: 'totp-enrol',
    data: { ...enrol, email: polyglot, secret: polyglot, uri: 'javascript:alert(1)', error: polyglot },
  },
  { name: 'recovery-code', view: 'recovery-code', data: recovery },
  {
    name: 'recovery-code-error',
    view: 'recovery-code',
    data: {
      ...recovery,
      error: 'This is not one of your unused codes. Check it letter by letter, or use another one.',
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
      error: 'Tick this once the codes are saved. You cannot see them again later.',
    },
  },
  { name: 'consent', view: 'consent', data: consent },
  {
    name: 'consent-many-scopes',
    view: 'consent',
    data: {
      ...consent,
      email: longEmail,
      client: longClient,
      redirectHost: 'anmeldung.buergerserviceportal.landesamt-fuer-digitalisierung.example',
      scopes: [
        openid,
        profile,
        mail,
        scope('address', 'See your postal address', 'Street, town, postcode and country.', optional),
        scope('phone', 'See your phone number', 'And whether it has been confirmed.', { optional: true }),
      ],
      resources: [
        reports,
        {
          name: 'Calendar',
          identifier: 'https://calendar.acme.example/v2',
          scopes: [scope('events:read', 'See your calendar', 'Events, guests and rooms, without notes.')],
        },
      ],
      offline: true,
    },
  },
  {
    name: 'consent-asks-for-more',
    view: 'consent',
    data: {
      ...consent,
      scopes: [
        { ...openid, isNew: false },
        { ...profile, isNew: false },
        { ...mail, ...optional, isNew: false },
      ],
      resources: [reports],
      offline: true,
      firstTime: false,
    },
  },
  {
    name: 'consent-hostile',
    view: 'consent',
    data: {
      ...consent,
      email: polyglot,
      client: hostileClient,
      redirectHost: polyglot,
      scopes: [hostileScope, { ...hostileScope, optional: true }],
      resources: [{ name: polyglot, identifier: polyglot, scopes: [hostileScope] }],
      problem: polyglot,
    },
  },
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
    name: 'select-account-hostile',
    view: 'select-account',
    data: {
      action: `${base}/select-account`,
      csrf,
      client: hostileClient,
      problem: polyglot,
      accounts: [{ email: polyglot, name: polyglot, current: true }],
    },
  },
  { name: 'device', view: 'device', data: { action: '/device', xsrf: csrf } },
  {
    name: 'device-error',
    view: 'device',
    data: {
      ...{ action: '/device', xsrf: csrf, userCode: 'WDJB-MJHT' },
      error: 'No device is waiting with this code. Check it and try again.',
    },
  },
  {
    name: 'device-throttled',
    view: 'device',
    data: {
      action: '/device',
      xsrf: csrf,
      problem: 'There were too many attempts. Try again in 10 minutes.',
    },
  },
  {
    name: 'device-hostile',
    view: 'device',
    data: { action: polyglot, xsrf: polyglot, userCode: polyglot, error: polyglot },
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
  { name: 'consent-device', view: 'consent', data: { ...consent, redirectHost: '' } },
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
      error: 'This password is one of those that are tried first. Choose another one.',
    },
  },
  {
    name: 'set-password-hostile',
    view: 'set-password',
    data: { action: '/account/password', csrf, email: polyglot, ticket: polyglot, invited: false },
  },
  { name: 'password-set', view: 'password-set', data: {} },
  {
    name: 'error-expired',
    view: 'error',
    data: {
      client: acme,
      title: 'This sign-in has run out',
      message: 'You waited longer than 15 minutes, so we ended this attempt to keep your account safe.',
      hint: 'Nothing is lost: start again and you can sign in as usual.',
      startAgainUri: 'https://mail.acme.example/login',
      reference: '01J9ZK3V8M4T7QWE2RXYB6NHCD',
    },
  },
  {
    name: 'error-cookies-off',
    view: 'error',
    data: {
      title: 'Your browser did not send our cookie',
      message: 'We use one cookie to tell your sign-in from everybody else’s, and it did not come back.',
      hint: 'Allow cookies for this site, or leave private browsing, then go back to the app and sign in again.',
      code: 'session_not_found',
      reference: '01J9ZK3V8M4T7QWE2RXYB6NHCE',
    },
  },
  {
    name: 'error-already-done',
    view: 'error',
    data: {
      client: acme,
      title: 'You have done this step already',
      message: 'This page was sent before, perhaps with the Back button or in another tab.',
      startAgainUri: base,
    },
  },
  {
    name: 'error-finished',
    view: 'error',
    data: {
      client: acme,
      title: 'This sign-in is finished',
      message: 'This page was answered already. Perhaps you came back to it, or pressed its button twice.',
      hint: 'Go on at the app: nothing is left to do here.',
      startAgainUri: 'https://mail.acme.example/',
      finished: true,
    },
  },
  {
    name: 'error-not-found',
    view: 'error',
    data: {
      title: 'There is no page here',
      message: 'The address may be mistyped or out of date.',
      hint: 'To sign in, go to the app you want to use and start there.',
      code: 'not_found',
    },
  },
  {
    name: 'error-too-many',
    view: 'error',
    data: {
      title: 'Please slow down',
      message: 'Too many requests came from your network in a short time.',
      hint: 'Wait one minute, then load this page again.',
      code: 'too_many_requests',
      reference: '01J9ZK3V8M4T7QWE2RXYB6NHCF',
    },
  },
  {
    name: 'error-unavailable',
    view: 'error',
    data: {
      title: 'We cannot sign you in right now',
      message: 'Our database does not answer. Your account and your password are not affected.',
      hint: 'Try again in a minute. If it goes on, tell the people who run this server and quote the reference.',
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
      title: polyglot,
      message: polyglot,
      hint: polyglot,
      code: polyglot,
      reference: polyglot,
      startAgainUri: 'javascript:alert(1)',
    },
  },
]
