import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { EVERYBODY, saveTheme } from '../../../src/clients/index.ts'
import { askForReset } from '../../support/mail-forms.ts'
import { addPerson } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { startSmtpReceiver } from '../../support/smtp-receiver.ts'
import type { SmtpReceiver } from '../../support/smtp-receiver.ts'

let receiver: SmtpReceiver
let server: TestServer
beforeAll(async () => {
  receiver = await startSmtpReceiver()
  server = await startTestServer({
    env: {
      CARDEA_SMTP_URL: receiver.url,
      CARDEA_NAME: 'By configuration',
      CARDEA_TRUSTED_PROXIES: '127.0.0.1',
    },
    mailsEveryMs: 100,
  })
})
afterAll(async () => {
  await server.stop()
  await receiver.close()
})

/** Everything of the mail that somebody gets who forgot their password, with quoted-printable undone. */
async function mailed(): Promise<string> {
  const { email } = await addPerson(server)
  await askForReset(server, email)
  const until = Date.now() + 20_000
  while (Date.now() < until) {
    await sleep(50)
    const mail = receiver.mails.find(({ to }) => to.includes(email))
    if (mail) return mail.raw.replaceAll('=\r\n', '').replaceAll('=3D', '=')
  }
  throw new Error('no mail came')
}

test('mails wear the theme for everybody, its name in the sender and the subject as well, without a restart', async () => {
  const before = await mailed()
  expect(before).toContain('From: By configuration <no-reply@localhost>')
  expect(before).toContain('background:#175c50;color:#ffffff')

  const theme = {
    name: 'Otters & Sons',
    colours: { light: { accent: '#7c2d12' }, dark: { accent: '#fdba74' } },
    radius: 3,
    font: 'serif',
  } as const
  const saved = await server.database.transaction((tx) => saveTheme(tx, EVERYBODY, theme))
  expect(saved).toMatchObject({ ok: true })
  await sleep(3100)
  const after = await mailed()
  expect(after).toContain('From: "Otters & Sons" <no-reply@localhost>')
  expect(after).toMatch(/Subject: .*Otters & Sons/)
  expect(after).toContain('<bdi>Otters &amp; Sons</bdi>')
  expect(after).toContain('border-radius:3px;background:#7c2d12;color:#ffffff')
  expect(after).toContain('font-family:Charter')
  expect(after).not.toContain('By configuration')
})
