import Bowser from 'bowser'
import { Eta } from 'eta'
import type { MailLooks } from '../clients/index.ts'
import { overlayViews } from '../http/index.ts'
import type { Override } from '../http/index.ts'
import { directionOf, negotiate, translator } from '../language/index.ts'
import type { Language, TextKey, TextValues } from '../language/index.ts'
import type { ClaimedMail, MailTemplate, SecurityNotice, TemplateName } from '../mail/index.ts'

/** A mail in words. `name` is whom it is from, as people know this server. */
export type RenderedMail = { name: string; subject: string; text: string; html: string }

export type RenderMail = (mail: Pick<ClaimedMail, 'language'> & MailTemplate) => RenderedMail

const subjects: Record<Exclude<TemplateName, 'security-notice'>, TextKey> = {
  register: 'mail:register.subject',
  'already-registered': 'mail:alreadyRegistered.subject',
  reset: 'mail:reset.subject',
  'no-account': 'mail:noAccount.subject',
  'change-email': 'mail:changeEmail.subject',
  'address-taken': 'mail:addressTaken.subject',
  invite: 'mail:invite.subject',
  'reset-by-operator': 'mail:resetByOperator.subject',
  unlock: 'mail:unlock.subject',
}

const notices: Record<SecurityNotice, TextKey> = {
  password_changed: 'mail:notice.password_changed',
  email_changed: 'mail:notice.email_changed',
  totp_added: 'mail:notice.totp_added',
  totp_removed: 'mail:notice.totp_removed',
  passkey_added: 'mail:notice.passkey_added',
  passkey_removed: 'mail:notice.passkey_removed',
  recovery_codes_regenerated: 'mail:notice.recovery_codes_regenerated',
  recovery_code_used: 'mail:notice.recovery_code_used',
  factors_reset: 'mail:notice.factors_reset',
  account_deleted: 'mail:notice.account_deleted',
  browser_trusted: 'mail:notice.browser_trusted',
  sign_in_unlocked: 'mail:notice.sign_in_unlocked',
}

/**
 * Makes the renderer of mails. Templates are files, `<template>.txt.eta` and `<template>.html.eta`, one for all languages; what they say
 * is in the catalogues. All are compiled here, so that a broken one stops the start. Links lead to the issuer, whatever a request
 * said (HT-01). The HTML part loads nothing from anywhere.
 */
export function createMailRenderer({
  viewsDir,
  overrides = [],
  issuer,
  name: configuredName,
  looks,
  fallback = 'en',
  onOverrideFailure = () => undefined,
}: {
  viewsDir: string
  /** Templates of an operator's, in place of ours. */
  overrides?: readonly Override[]
  /** One of them failed over a mail, which goes out as we ship it: nobody is left without a link for a template. */
  onOverrideFailure?: (view: string, error: unknown) => void
  issuer: string
  /** What people know this server by, where no theme says so. */
  name: string
  /** How mails look at the moment. */
  looks: () => MailLooks
  fallback?: Language
}): RenderMail {
  const { translate } = translator()
  const shipped = templatesIn(viewsDir, [])
  const own = overrides.length > 0 ? templatesIn(viewsDir, overrides) : null

  return (mail) => {
    const worn = looks()
    const name = worn.name ?? configuredName
    const lang = negotiate({ chosen: [mail.language], fallback })
    const t = (key: TextKey, values?: TextValues) =>
      translate(lang, values === undefined ? { key } : { key, values })
    const what = mail.template === 'security-notice' ? t(notices[mail.data.what]) : ''
    const subject =
      mail.template === 'security-notice'
        ? t('mail:notice.subject', { name, what })
        : t(subjects[mail.template], { name })
    const data = {
      ...{ t, lang, dir: directionOf(lang), name, looks: worn, host: new URL(issuer).host, what },
      subject: oneLine(subject),
      link: linkOf(issuer, mail),
      browser: mail.template === 'security-notice' ? browserIn(mail.data.userAgent) : undefined,
      data: mail.data,
    }
    const inWords = ({ txt, html }: Templates) => ({
      ...{ name, subject: data.subject },
      text: txt.render(`./${mail.template}.txt.eta`, data).replaceAll(/\n{3,}/g, '\n\n'),
      html: html.render(`./${mail.template}.html.eta`, data),
    })
    try {
      if (own) return inWords(own)
    } catch (error) {
      onOverrideFailure(`mail/${mail.template}`, error)
    }
    return inWords(shipped)
  }
}

type Templates = Record<'txt' | 'html', Eta>

function templatesIn(viewsDir: string, overrides: readonly Override[]): Templates {
  const parts = {
    txt: new Eta({ views: viewsDir, autoEscape: false, autoTrim: false, cache: true }),
    html: new Eta({ views: viewsDir, autoEscape: true, cache: true }),
  }
  for (const eta of Object.values(parts)) overlayViews(eta, overrides, 'mail/')
  const templates = [...Object.keys(subjects), 'security-notice']
  for (const [kind, eta] of Object.entries(parts))
    for (const template of templates) {
      const filepath = eta.resolvePath(`./${template}.${kind}.eta`)
      eta.templatesSync.define(filepath, eta.compile(eta.readFile(filepath), { filepath }))
    }
  return parts
}

/** Where a mail leads to. Only a page: what it is about is done by a form there, because mail scanners follow links. */
function linkOf(issuer: string, mail: MailTemplate): string | undefined {
  switch (mail.template) {
    case 'register':
      return pageOf(issuer, '/register/confirm', mail.data.ticket)
    case 'reset':
    case 'invite':
    case 'reset-by-operator':
      return pageOf(issuer, '/account/password', mail.data.ticket)
    case 'change-email':
      return pageOf(issuer, '/account/email/confirm', mail.data.ticket)
    case 'already-registered':
      return pageOf(issuer, '/forgot')
    case 'security-notice':
      // To an address that no account has any more, that page would only say so.
      return ['account_deleted', 'email_changed'].includes(mail.data.what)
        ? undefined
        : pageOf(issuer, '/forgot')
    case 'address-taken':
    case 'no-account':
    case 'unlock':
      return undefined
  }
}

function pageOf(issuer: string, path: string, ticket?: string): string {
  const url = new URL(path, issuer)
  if (ticket !== undefined) url.searchParams.set('ticket', ticket)
  return url.href
}

/** "Firefox, Windows". What a browser says of itself is anybody's text; only names that are known are repeated. */
function browserIn(userAgent: string | undefined): string | undefined {
  if (userAgent === undefined || userAgent === '') return undefined
  const { browser, os } = Bowser.parse(userAgent.slice(0, 500))
  const names = [browser.name, os.name].filter((one) => one !== undefined && /^[\w .()-]{1,40}$/.test(one))
  return names.length > 0 ? names.join(', ') : undefined
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
