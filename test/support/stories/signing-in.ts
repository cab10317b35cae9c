import { text } from '../../../src/language/index.ts'
import { counterKey, defaultThrottlePolicy, reserveAttempt } from '../../../src/users/index.ts'
import { newestMail } from '../mail.ts'
import { addPerson, wrongCode } from '../people.ts'
import type { Reader } from './reader.ts'
import { codeOfShownKey, giveCode, givePassword, otherCode, settled, signIn } from './story.ts'
import type { Story } from './story.ts'

const app = { app: 'Sample app' }

async function allow(reader: Reader): Promise<void> {
  await reader.sees(text('consent:question', app))
  await reader.press('consent:allow')
  await reader.arrives()
}

/** Strangers everywhere have used up what the account has, for an hour. */
async function lock({ database }: Reader['stage']['server'], email: string): Promise<void> {
  const key = counterKey('password.account', email)
  const policy = defaultThrottlePolicy.password.account
  for (let nth = 0; nth < 100; nth += 1) await reserveAttempt(database.prisma, [{ key, policy }], new Date())
}

export const signingIn: Story[] = [
  {
    name: 'somebody signs in at an app with password and code, mistyping each once, and allows what it asks for (MF-06, AZ-21)',
    async tell(reader) {
      const person = await settled(reader.stage)
      await reader.startsAtApp()
      await givePassword(reader, { ...person, password: 'not my password' })
      await reader.reads('signin:login.wrong')
      await givePassword(reader, person)
      await reader.sees('signin:totp.title')
      await reader.fill('signin:totp.code', await otherCode(reader, person))
      await reader.press('signin:continue')
      await reader.reads('signin:totp.wrong')
      await giveCode(reader, person)
      await allow(reader)
    },
  },
  {
    name: 'somebody turns back, and says no (AZ-21)',
    async tell(reader) {
      const person = await settled(reader.stage)
      await reader.startsAtApp()
      await reader.sees('signin:login.title')
      await reader.press(text('signin:back.toApp', app))
      await reader.page.waitForURL(`${reader.stage.app.url}/**`)
      await reader.startsAtApp()
      await signIn(reader, person)
      await reader.sees(text('consent:question', app))
      await reader.press('consent:deny')
      await reader.page.waitForURL(`${reader.stage.app.url}/**`)
    },
  },
  {
    name: 'somebody sets up an authenticator app on the way in and saves recovery codes (MF-01, RE-01)',
    async tell(reader) {
      const person = await addPerson(reader.stage.server, { totp: false })
      await reader.startsAtApp()
      await givePassword(reader, person)
      await reader.sees('signin:enrol.title')
      await reader.fill('signin:totp.code', wrongCode(await codeOfShownKey(reader)))
      await reader.press('signin:enrol.submit')
      await reader.sees('signin:enrol.title')
      await reader.reads('signin:totp.wrong')
      await reader.fill('signin:totp.code', await codeOfShownKey(reader))
      await reader.press('signin:enrol.submit')
      await reader.sees('signin:recoveryCodes.title')
      await reader.tick('signin:recoveryCodes.saved')
      await reader.press('signin:continue')
      await allow(reader)
    },
  },
  {
    name: 'somebody who has lost their phone comes in with a recovery code (RE-01)',
    async tell(reader) {
      const person = await settled(reader.stage)
      await reader.startsAtApp()
      await givePassword(reader, person)
      await reader.sees('signin:totp.title')
      await reader.follow('signin:totp.lostPhone')
      await reader.sees('signin:recoveryCode.title')
      await reader.follow('signin:recoveryCode.useApp')
      await reader.sees('signin:totp.title')
      await reader.follow('signin:totp.lostPhone')
      await reader.fill('signin:recoveryCode.code', 'AAAA-BBBB-CCCC-DDDD')
      await reader.press('signin:continue')
      await reader.sees('signin:recoveryCode.title')
      await reader.reads('signin:recoveryCode.wrong')
      await reader.fill('signin:recoveryCode.code', person.codes[0] ?? '')
      await reader.press('signin:continue')
      await allow(reader)
    },
  },
  {
    name: 'somebody trusts this browser, and is asked for no code in it the next time (AZ-20)',
    async tell(reader) {
      const { page } = reader
      const person = await settled(reader.stage)
      await reader.goto('/account/security/browsers')
      await givePassword(reader, person)
      await reader.sees('signin:totp.title')
      await reader.tick(text('signin:trust.days', { count: 30 }))
      await giveCode(reader, person)
      await reader.sees('account:self.browsers.title')
      await reader.press('account:self.signOut')
      await reader.sees('account:self.ended.signedOutTitle')
      await reader.follow('account:self.ended.signIn')
      await givePassword(reader, person)
      await reader.sees('account:self.title', {
        heading: text('account:self.overview.hello', { name: 'Pat Example' }),
      })
      await reader.goto('/account/security/browsers')
      await reader.sees('account:self.browsers.title')
      await reader.press('account:self.browsers.forgetAll')
      // That takes the second factor, and shortly before: whoever only has this browser makes no stranger of the owner's others.
      await signIn(reader, person)
      await reader.reads('account:self.notice.pressAgain')
      await reader.press('account:self.browsers.forgetAll')
      await reader.reads('account:self.notice.browsersForgotten')
      await page.context().clearCookies({ name: /cardea_session/ })
      await reader.goto('/account')
      await signIn(reader, person)
    },
  },
  {
    name: 'somebody whose account strangers are trying gets in by a code from their mail (TH-03)',
    async tell(reader) {
      const { server } = reader.stage
      const person = await settled(reader.stage)
      await lock(server, person.email)
      await reader.startsAtApp()
      await givePassword(reader, person)
      await reader.sees('signin:login.title')
      await reader.press('signin:unlock.send')
      await reader.sees('signin:unlock.title')
      const { code } = await newestMail(server, person.email, 'unlock')
      await reader.fill('signin:unlock.code', wrongCode(code))
      await reader.press('signin:continue')
      await reader.sees('signin:unlock.title')
      await reader.reads('signin:unlock.wrong')
      await reader.fill('signin:unlock.code', code)
      await reader.press('signin:continue')
      await signIn(reader, person)
      await allow(reader)
    },
  },
]
