import { text } from '../../../src/language/index.ts'
import { addPerson } from '../people.ts'
import { addAuthenticator } from '../virtual-authenticator.ts'
import type { Reader } from './reader.ts'
import { giveCode, givePassword, settled, signIn } from './story.ts'
import type { Story } from './story.ts'

const question = text('consent:question', { app: 'Sample app' })

/** The script of the page has found out that this device can keep a passkey. */
async function knowsDevice({ page }: Reader): Promise<void> {
  await page.waitForFunction(`document.querySelector('input[name=passkeys]')?.value === 'yes'`)
}

export const withPasskeys: Story[] = [
  {
    name: 'somebody makes a passkey on the first sign-in, and it is a sign-in by itself ever after (MF-06)',
    scripts: true,
    async tell(reader) {
      const { page } = reader
      const device = await addAuthenticator(page)
      const person = await addPerson(reader.stage.server, { totp: false })
      await reader.startsAtApp()
      await givePassword(reader, person)
      await reader.sees('signin:enrol.title')
      await reader.press('signin:passkey.make')
      await reader.sees('signin:recoveryCodes.title')
      await reader.tick('signin:recoveryCodes.saved')
      await reader.press('signin:continue')
      await reader.sees(question)
      await reader.press('consent:allow')
      await reader.arrives()
      await page.context().clearCookies()
      await device.willVerify(false)
      await reader.startsAtApp()
      await givePassword(reader, person)
      await reader.sees('signin:passkey.title')
      await reader.press('signin:passkey.use')
      await reader.reads('signin:passkey.failed')
      await reader.follow('signin:passkey.lost')
      await reader.sees('signin:recoveryCode.title')
      await reader.follow('signin:recoveryCode.usePasskey')
      await reader.sees('signin:passkey.title')
      await device.willVerify(true)
      await reader.tick(text('signin:trust.passkeyDays', { count: 30 }))
      await reader.press('signin:passkey.use')
      await reader.arrives()
      // Trusted now: the password alone is enough for this browser.
      await page.context().clearCookies({ name: /cardea_session/ })
      await device.willVerify(false)
      await reader.startsAtApp()
      await givePassword(reader, person)
      await reader.arrives()
    },
  },
  {
    name: 'somebody is offered a passkey after the sign-in, makes it, and uses it in place of the code (MF-06)',
    scripts: true,
    async tell(reader) {
      const { page } = reader
      const device = await addAuthenticator(page)
      const person = await settled(reader.stage)
      await reader.startsAtApp()
      await reader.sees('signin:login.title')
      await knowsDevice(reader)
      await signIn(reader, person)
      await reader.sees('signin:passkey.offerTitle')
      await reader.press('signin:passkey.make')
      await reader.sees(question)
      await reader.press('consent:allow')
      await reader.arrives()
      await page.context().clearCookies()
      await device.willVerify(false)
      await reader.startsAtApp()
      await givePassword(reader, person)
      await reader.sees('signin:totp.title')
      await reader.press('signin:passkey.useInstead')
      await reader.reads('signin:passkey.failed')
      await device.willVerify(true)
      // The tick counts for whichever factor is shown.
      await reader.tick(text('signin:trust.days', { count: 30 }))
      await reader.press('signin:passkey.useInstead')
      await reader.arrives()
      const { prisma } = reader.stage.server.database
      const trusted = await prisma.trustedBrowser.count({
        where: { userId: person.id, skipsFactorUntil: { not: null } },
      })
      if (trusted !== 1) throw new Error('this browser is not trusted')
    },
  },
  {
    name: 'somebody must make a passkey because the app asks for one (AZ-20)',
    scripts: true,
    async tell(reader) {
      await addAuthenticator(reader.page)
      const person = await settled(reader.stage)
      await reader.startsAtApp('?acr_values=urn:example:acr:strong')
      await givePassword(reader, person)
      await giveCode(reader, person)
      await reader.sees('signin:passkey.makeTitle')
      await reader.press('signin:passkey.make')
      await reader.sees(question)
    },
  },
  {
    name: 'somebody adds a passkey on the account pages, renames it and removes it (MF-07)',
    scripts: true,
    async tell(reader) {
      await addAuthenticator(reader.page, { transport: 'usb' })
      const person = await settled(reader.stage)
      await reader.goto('/account/security')
      await signIn(reader, person)
      await reader.sees('account:self.security.title')
      await reader.follow('account:self.security.addPasskey')
      await reader.sees('account:self.passkey.title')
      await reader.fill('account:self.factor.name', 'Tablet')
      await reader.press('account:self.passkey.submit')
      await reader.sees('account:self.security.title')
      await reader.reads('account:self.notice.passkeyAdded')
      await reader.follow(text('account:self.security.editNamed', { name: 'Tablet' }))
      await reader.sees('account:self.factor.title', { name: 'Tablet' })
      await reader.fill('account:self.factor.name', 'Old tablet')
      await reader.press('account:self.save')
      await reader.reads('account:self.notice.factorRenamed')
      await reader.follow(text('account:self.security.editNamed', { name: 'Old tablet' }))
      await reader.press('account:self.factor.remove')
      await reader.sees('account:self.security.title')
      await reader.reads('account:self.notice.factorRemoved')
    },
  },
]
