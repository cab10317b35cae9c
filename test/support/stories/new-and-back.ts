import { randomBytes } from 'node:crypto'
import { text } from '../../../src/language/index.ts'
import { createUser, findUserByEmail, mailPasswordLink } from '../../../src/users/index.ts'
import { newestMail } from '../mail.ts'
import { addPerson, wrongCode } from '../people.ts'
import type { Reader } from './reader.ts'
import { codeOfShownKey, givePassword, NEW_PASSWORD, settled, signIn } from './story.ts'
import type { Story } from './story.ts'

let serial = 0

function newAddress({ language }: Reader): string {
  serial += 1
  return `nia${serial}.${language}@example.com`
}

async function register(reader: Reader, email: string): Promise<void> {
  await reader.sees('register:title')
  await reader.fill('register:email.label', email)
  await reader.fill('register:name.label', 'Pat Example')
  await reader.fill('register:password', NEW_PASSWORD)
  await reader.press('register:submit')
}

export const newAndBack: Story[] = [
  {
    name: 'somebody new registers from an app, with the six digits of the mail, and signs in (PW-01)',
    async tell(reader) {
      const email = newAddress(reader)
      await reader.startsAtApp()
      await reader.sees('signin:login.title')
      await reader.follow('register:link.register')
      await reader.sees('register:title')
      await reader.fill('register:email.label', email)
      await reader.fill('register:password', 'password1')
      await reader.press('register:submit')
      await reader.reads('register:failed')
      await register(reader, email)
      await reader.sees('register:check.title')
      const { code } = await newestMail(reader.stage.server, email, 'register')
      await reader.fill('register:check.code', wrongCode(code))
      await reader.press('register:check.submit')
      await reader.sees('register:check.title')
      await reader.reads('register:check.wrong')
      await reader.fill('register:check.code', code)
      await reader.press('register:check.submit')
      await reader.sees('register:done.title')
      await reader.follow('register:done.submit')
      await givePassword(reader, { email, password: NEW_PASSWORD })
      await reader.sees('signin:enrol.title')
    },
  },
  {
    name: 'somebody new follows the link of the mail on another device and chooses the password there (PW-01)',
    async tell(reader) {
      const email = newAddress(reader)
      await reader.goto('/register')
      await register(reader, email)
      await reader.sees('register:check.title')
      const { ticket } = await newestMail(reader.stage.server, email, 'register')
      await reader.elsewhere(async (other) => {
        await other.goto(`/register/confirm?ticket=${ticket}`)
        await other.sees('register:confirm.title')
        await other.press('register:confirm.submit')
        await other.sees('account:password.invited')
        await other.fill('account:password.new', NEW_PASSWORD)
        await other.press('account:password.submit')
        await other.sees('account:password.doneTitle')
        await other.goto(`/register/confirm?ticket=${ticket}`)
        await other.sees('account:deadLink.title')
      })
    },
  },
  {
    name: 'somebody who forgot their password sets another with the six digits of the mail (RE-02)',
    async tell(reader) {
      const person = await settled(reader.stage)
      await reader.startsAtApp()
      await reader.sees('signin:login.title')
      await reader.follow('register:link.forgot')
      await reader.sees('register:forgot.title')
      await reader.fill('register:email.label', person.email)
      await reader.press('register:forgot.submit')
      await reader.sees('register:check.title')
      const { code } = await newestMail(reader.stage.server, person.email, 'reset')
      await reader.fill('register:check.code', code)
      await reader.press('register:check.submit')
      await reader.sees('account:password.title')
      await reader.fill('account:password.new', 'password')
      await reader.press('account:password.submit')
      await reader.sees('account:password.title')
      await reader.fill('account:password.new', NEW_PASSWORD)
      await reader.press('account:password.submit')
      await reader.sees('account:password.doneTitle')
      await reader.startsAtApp()
      await signIn(reader, { ...person, password: NEW_PASSWORD })
      await reader.sees(text('consent:question', { app: 'Sample app' }))
    },
  },
  {
    name: 'somebody who forgot their password follows the link of the mail on another device (RE-02)',
    async tell(reader) {
      const person = await settled(reader.stage)
      await reader.goto('/forgot')
      await reader.sees('register:forgot.title')
      await reader.fill('register:email.label', person.email)
      await reader.press('register:forgot.submit')
      await reader.sees('register:check.title')
      const { ticket } = await newestMail(reader.stage.server, person.email, 'reset')
      await reader.elsewhere(async (other) => {
        await other.goto(`/account/password?ticket=${ticket}`)
        await other.sees('account:password.title')
        await other.fill('account:password.new', NEW_PASSWORD)
        await other.press('account:password.submit')
        await other.sees('account:password.doneTitle')
      })
      await reader.startsAtApp()
      await signIn(reader, { ...person, password: NEW_PASSWORD })
    },
  },
  {
    name: 'somebody who was invited chooses a password and sets up their app (RE-03)',
    async tell(reader) {
      const { database, sealer } = reader.stage.server
      const email = newAddress(reader)
      await database.transaction(async (tx) => {
        const created = await createUser(tx, { email, name: 'Pat Example' })
        if (!created.ok) throw new Error(created.reason)
        await mailPasswordLink(
          { tx, sealer, keys: [randomBytes(32)] },
          { user: created.user, purpose: 'invite' },
        )
      })
      const { ticket } = await newestMail(reader.stage.server, email, 'invite')
      await reader.goto(`/account/password?ticket=${ticket}`)
      await reader.sees('account:password.invited')
      await reader.fill('account:password.new', NEW_PASSWORD)
      await reader.press('account:password.submit')
      await reader.sees('account:password.doneTitle')
      await reader.startsAtApp()
      await givePassword(reader, { email, password: NEW_PASSWORD })
      await reader.sees('signin:enrol.title')
      await reader.fill('signin:totp.code', await codeOfShownKey(reader))
      await reader.press('signin:enrol.submit')
      await reader.sees('signin:recoveryCodes.title')
    },
  },
  {
    name: 'somebody changes their address with the six digits that were mailed to the new one (MF-07)',
    async tell(reader) {
      const [person, email] = [await settled(reader.stage), newAddress(reader)]
      await reader.goto('/account/email')
      await signIn(reader, person)
      await reader.sees('account:self.email.title')
      await reader.fill('account:self.email.new', email)
      await reader.press('account:self.email.submit')
      await reader.sees('register:check.title')
      const { code } = await newestMail(reader.stage.server, email, 'change-email')
      await reader.fill('register:check.code', code)
      await reader.press('register:check.submit')
      await reader.sees('register:changed.title')
    },
  },
  {
    name: 'somebody changes their address by the link that was mailed to the new one, on another device (MF-07)',
    async tell(reader) {
      const [person, email] = [await addPerson(reader.stage.server), newAddress(reader)]
      await reader.goto('/account/email')
      await signIn(reader, person)
      await reader.sees('signin:recoveryCodes.title')
      await reader.tick('signin:recoveryCodes.saved')
      await reader.press('signin:continue')
      await reader.sees('account:self.email.title')
      await reader.fill('account:self.email.new', email)
      await reader.press('account:self.email.submit')
      await reader.sees('register:check.title')
      const { ticket } = await newestMail(reader.stage.server, email, 'change-email')
      await reader.elsewhere(async (other) => {
        await other.goto(`/account/email/confirm?ticket=${ticket}`)
        await other.sees('register:confirm.title')
        await other.press('register:confirm.submit')
        await other.sees('register:changed.title')
      })
      const found = await findUserByEmail(reader.stage.server.database.prisma, email)
      if (found?.id !== person.id) throw new Error('the address was not changed')
    },
  },
]
