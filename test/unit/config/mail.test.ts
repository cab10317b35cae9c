import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf, production } from './environment.ts'

const about = (variable: string): object => expect.objectContaining({ variable })

describe('where mails go', () => {
  test('in development: into the mailbox; in production: nowhere; with a mail server: there', () => {
    expect(configOf({}).mail).toEqual({
      transport: 'mailbox',
      smtpUrl: undefined,
      from: { name: '', address: 'no-reply@localhost' },
    })
    expect(configOf(production).mail).toMatchObject({
      transport: 'none',
      from: { address: 'no-reply@id.example.com' },
    })
    const url = 'smtps://us%40er:p%2Fw@smtp.example.com'
    expect(configOf({ ...production, CARDEA_SMTP_URL: url }).mail).toMatchObject({
      transport: 'smtp',
      smtpUrl: url,
    })
  })

  test.each([
    ['Example ID <no-reply@example.com>', { name: 'Example ID', address: 'no-reply@example.com' }],
    ['"Example, ID" <no-reply@example.com>', { name: 'Example, ID', address: 'no-reply@example.com' }],
    ['no-reply@example.com', { name: '', address: 'no-reply@example.com' }],
  ])('the sender may be %s', (text, from) => {
    expect(configOf({ CARDEA_MAIL_FROM: text }).mail.from).toEqual(from)
  })

  test.each(['nobody', 'a@b <c', 'x <a@b>\r\nBcc: evil@example.com', '<a@b>, <c@d>'])(
    'and not %j',
    (text) => {
      expect(problemsOf({ CARDEA_MAIL_FROM: text })).toContainEqual(about('CARDEA_MAIL_FROM'))
    },
  )

  test.each([
    'http://smtp.example.com',
    'smtp://',
    'smtp://smtp.example.com/path',
    'smtp://user@smtp.example.com',
    'smtp://us%er:p%@smtp.example.com',
  ])('%s is no mail server, and is not repeated', (text) => {
    const problems = problemsOf({ CARDEA_SMTP_URL: text })
    expect(problems).toContainEqual(about('CARDEA_SMTP_URL'))
    expect(JSON.stringify(problems)).not.toContain(`"${text}`)
  })
})

describe('who may register', () => {
  test('in development anybody, in production whom somebody invites', () => {
    expect(configOf({}).registration).toEqual({ policy: 'open', domains: [] })
    expect(configOf(production).registration).toEqual({ policy: 'invitation', domains: [] })
  })

  test('anybody in production only with a mail server', () => {
    const open = { ...production, CARDEA_REGISTRATION: 'open' }
    expect(problemsOf(open)).toContainEqual(about('CARDEA_REGISTRATION'))
    expect(problemsOf({ ...open, CARDEA_SMTP_URL: 'smtp://smtp.example.com' })).toEqual([])
  })

  test('names of domains in any case, and nothing else', () => {
    expect(
      configOf({ CARDEA_REGISTRATION_DOMAINS: 'Example.com, example.org' }).registration.domains,
    ).toEqual(['example.com', 'example.org'])
    expect(problemsOf({ CARDEA_REGISTRATION_DOMAINS: '@example.com' })).toContainEqual(
      about('CARDEA_REGISTRATION_DOMAINS'),
    )
  })
})
