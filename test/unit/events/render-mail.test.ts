import { describe, expect, test } from '@jest/globals'
import { mailLooksOf } from '../../../src/clients/index.ts'
import { createMailRenderer } from '../../../src/events/render-mail.ts'
import { withLinks } from '../../../src/events/mailbox-pages.ts'
import type { MailTemplate } from '../../../src/mail/index.ts'
import { polyglot } from '../../support/page-fixtures.ts'

const root = new URL('../../..', import.meta.url).pathname
const issuer = 'https://id.example.com'
const looks = () => mailLooksOf({})
const make = (name = 'Example ID') =>
  createMailRenderer({ viewsDir: `${root}views/mail`, issuer, name, looks })

const secrets = { ticket: 'Jf3Gk1kS8Q2nTq7mVbY4rWc0xLzPdHaE5uIoN6sK9tA', code: '042137', minutes: 60 }
const at = new Date('2026-11-22T07:05:00Z')
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'
const mails: MailTemplate[] = [
  { template: 'register', data: secrets },
  { template: 'already-registered', data: {} },
  { template: 'reset', data: secrets },
  { template: 'no-account', data: {} },
  { template: 'change-email', data: secrets },
  { template: 'address-taken', data: {} },
  { template: 'invite', data: { ticket: secrets.ticket, hours: 72 } },
  { template: 'reset-by-operator', data: { ticket: secrets.ticket, hours: 1 } },
  { template: 'unlock', data: secrets },
  {
    template: 'security-notice',
    data: { what: 'password_changed', at, userAgent: firefox, ip: '203.0.113.7' },
  },
  { template: 'security-notice', data: { what: 'account_deleted', at } },
]
const cases = mails.flatMap((mail) => ['en', 'de'].map((language) => ({ ...mail, language })))

describe.each(cases)('the mail $template in $language', (mail) => {
  const { subject, text, html } = make()(mail)

  test('has a subject of one line, and says the same as text and as HTML', () => {
    expect(subject).toMatch(/^\S.{5,90}\S$/)
    for (const part of [text, html]) {
      expect(part).toContain('Example ID')
      expect(part).not.toMatch(/undefined|\[object|mail:\w|\{\{|<%/)
    }
    expect(html).toContain(`<html lang="${mail.language}"`)
    if ('code' in mail.data) for (const part of [text, html]) expect(part).toContain('042137')
  })

  test('leads to the issuer alone, and loads nothing', () => {
    for (const link of `${text} ${html}`.match(/https?:\/\/[^\s"<]+/g) ?? [])
      expect(link.startsWith(issuer)).toBe(true)
    expect(html).not.toMatch(/<(img|link|script|iframe|form|object)|url\(|@import|src=/i)
    const needsTicket = 'ticket' in mail.data && mail.template !== 'unlock'
    expect(text.includes(secrets.ticket)).toBe(needsTicket)
    expect(html.includes(secrets.ticket)).toBe(needsTicket)
  })
})

test('what strangers can write is inert in the HTML, and is no line of its own in a header (XS-01)', () => {
  const data = { what: 'password_changed' as const, at, userAgent: polyglot, ip: polyglot }
  const { html, subject } = make(`${polyglot}\r\nBcc: x@example.com`)({
    language: polyglot,
    template: 'security-notice',
    data,
  })
  expect(html).not.toContain(polyglot)
  expect(html).not.toMatch(/<svg[^>]*onload|<\/script|<\/style/i)
  expect(subject).not.toMatch(/[\r\n]/)
})

test('a language that nobody speaks is English, and a browser is named in two words at most', () => {
  const data = { what: 'password_changed' as const, at, userAgent: firefox }
  const { text } = make()({ language: 'tlh', template: 'security-notice', data })
  expect(text).toContain('Your password was changed')
  expect(text).toContain('Browser: Firefox, Linux')
})

test('the notice to an old address leads to no page that does not know it any more, but to whoever runs the service', () => {
  const data = { what: 'email_changed' as const, at }
  const { text } = make()({ language: 'en', template: 'security-notice', data })
  expect(text).not.toContain('/forgot')
  expect(text).toContain('tell whoever runs this service')
})

test('a template of an operator that fails over a mail does not keep it back: it goes out as shipped, and the log is told', () => {
  const source = '<%= it.data.nothing.here %>'
  const broken = {
    name: 'mail/reset.txt',
    path: '/x',
    source,
    state: 'current',
    base: null,
    shipped: '',
  } as const
  const failures: string[] = []
  const render = createMailRenderer({
    ...{ viewsDir: `${root}views/mail`, issuer, name: 'Example ID', looks, overrides: [broken] },
    onOverrideFailure: (view) => failures.push(view),
  })
  const reset = { language: 'en', template: 'reset', data: secrets } as const
  expect(render(reset)).toEqual(make()(reset))
  expect(failures).toEqual(['mail/reset'])
})

test('in the mailbox only addresses of the issuer are links', () => {
  const parts = withLinks(
    `a ${issuer}/x?ticket=1 b https://evil.example/ https://id.example.com.evil.example/`,
    issuer,
  )
  expect(parts.filter(({ href }) => href).map(({ href }) => href)).toEqual([`${issuer}/x?ticket=1`])
  expect(parts.map(({ text }) => text).join('')).toContain('evil.example')
})
