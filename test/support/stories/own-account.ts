import { text } from '../../../src/language/index.ts'
import { addClient } from '../people.ts'
import { tokensFor } from '../sign-in.ts'
import type { Reader } from './reader.ts'
import { codeOfShownKey, NEW_PASSWORD, otherCode, settled, signIn } from './story.ts'
import type { Story } from './story.ts'
import { wordsOf } from './words.ts'
import type { Said } from './words.ts'

type Place = 'overview' | 'profile' | 'security' | 'sessions' | 'apps' | 'activity' | 'data'

/** By the list of places at the head of every account page. */
async function go(reader: Reader, place: Place): Promise<void> {
  const places = reader.page.getByRole('navigation')
  await places.getByRole('link', { name: wordsOf(reader.language, `account:self.nav.${place}`) }).click()
}

async function seesOverview(reader: Reader): Promise<void> {
  await reader.sees('account:self.title', {
    heading: text('account:self.overview.hello', { name: 'Pat Example' }),
  })
}

/** What the page says once, above everything, about what was just done. */
async function isTold(reader: Reader, page: Said, notice: Said): Promise<void> {
  await reader.sees(page)
  await reader.reads(notice)
}

export const ownAccount: Story[] = [
  {
    name: 'somebody looks at everything about their account, and signs out (SE-07)',
    async tell(reader) {
      const person = await settled(reader.stage)
      await reader.goto('/account')
      await signIn(reader, person)
      await seesOverview(reader)
      for (const place of ['profile', 'security', 'sessions', 'apps', 'activity', 'data'] as const) {
        await go(reader, place)
        await reader.sees(`account:self.${place}.title`)
      }
      await go(reader, 'overview')
      await seesOverview(reader)
      await reader.press('account:self.signOut')
      await reader.sees('account:self.ended.signedOutTitle')
    },
  },
  {
    name: 'somebody switches between two accounts of theirs, and is signed out of neither (SE-07)',
    async tell(reader) {
      const [own, shared] = [await settled(reader.stage), await settled(reader.stage)]
      const isOf = ({ email }: { email: string }) =>
        reader.page.locator('.leave', { hasText: email }).waitFor()
      await reader.goto('/account')
      await signIn(reader, own)
      await isOf(own)
      await reader.follow('account:self.switchAccount')
      await reader.sees('signin:select.title')
      await reader.press('signin:select.another')
      await signIn(reader, shared)
      await isOf(shared)
      await go(reader, 'apps')
      await reader.follow('account:self.switchAccount')
      await reader.sees('signin:select.title')
      await reader.page.getByRole('button', { name: own.email }).click()
      await seesOverview(reader)
      await isOf(own)
    },
  },
  {
    name: 'somebody corrects their name and changes their password (PW-01, MF-07)',
    async tell(reader) {
      const person = await settled(reader.stage)
      await reader.goto('/account/profile')
      await signIn(reader, person)
      await reader.sees('account:self.profile.title')
      await reader.fill('account:self.profile.name', 'Pat Example')
      await reader.press('account:self.save')
      await isTold(reader, 'account:self.profile.title', 'account:self.notice.profileSaved')
      await go(reader, 'security')
      await reader.follow('account:self.password.title')
      await reader.sees('account:self.password.title')
      await reader.fill('account:self.password.current', 'not my password')
      await reader.fill('account:self.password.new', NEW_PASSWORD)
      await reader.press('account:self.password.submit')
      await isTold(reader, 'account:self.password.title', 'account:self.password.currentWrong')
      await reader.fill('account:self.password.current', person.password)
      await reader.fill('account:self.password.new', NEW_PASSWORD)
      await reader.press('account:self.password.submit')
      await isTold(reader, 'account:self.security.title', 'account:self.notice.passwordChanged')
    },
  },
  {
    name: 'somebody links a second authenticator app, renames it, removes it, and makes new recovery codes (MF-07, RE-01)',
    async tell(reader) {
      const person = await settled(reader.stage)
      await reader.goto('/account/security')
      await signIn(reader, person)
      await reader.sees('account:self.security.title')
      await reader.press('account:self.security.addTotp')
      await reader.sees('account:self.totp.title')
      await reader.fill('signin:totp.code', await otherCode(reader, person))
      await reader.press('account:self.totp.submit')
      await isTold(reader, 'account:self.totp.title', 'signin:totp.wrong')
      await reader.fill('signin:totp.code', await codeOfShownKey(reader))
      await reader.fill('account:self.totp.name', 'Tablet')
      await reader.press('account:self.totp.submit')
      await isTold(reader, 'account:self.security.title', 'account:self.notice.totpAdded')
      await reader.follow(text('account:self.security.editNamed', { name: 'Tablet' }))
      await reader.sees('account:self.factor.title', { name: 'Tablet' })
      await reader.fill('account:self.factor.name', 'Old tablet')
      await reader.press('account:self.save')
      await isTold(reader, 'account:self.security.title', 'account:self.notice.factorRenamed')
      await reader.follow(text('account:self.security.editNamed', { name: 'Old tablet' }))
      await reader.sees('account:self.factor.title', { name: 'Old tablet' })
      await reader.press('account:self.factor.remove')
      await isTold(reader, 'account:self.security.title', 'account:self.notice.factorRemoved')
      await reader.follow('account:self.codes.renew')
      await reader.sees('account:self.codes.title')
      await reader.press('account:self.codes.renew')
      await reader.sees('account:self.codes.newTitle')
      await reader.press('account:self.codes.done')
      await isTold(reader, 'account:self.security.title', 'account:self.notice.codesSaved')
    },
  },
  {
    name: 'somebody ends another device, then all others (SE-07)',
    async tell(reader) {
      const person = await settled(reader.stage)
      for (const _device of ['phone', 'tablet'])
        await reader.elsewhere(async (other) => {
          await other.goto('/account')
          await signIn(other, person)
          await seesOverview(other)
        })
      await reader.goto('/account/sessions')
      await signIn(reader, person)
      await reader.sees('account:self.sessions.title')
      const browser = reader.page.getByRole('main').locator('.row form button')
      await browser.first().click()
      await isTold(reader, 'account:self.sessions.title', 'account:self.notice.sessionEnded')
      await reader.press('account:self.sessions.endOthers')
      await isTold(reader, 'account:self.sessions.title', 'account:self.notice.othersEnded')
      await reader.reads('account:self.sessions.only')
    },
  },
  {
    name: 'somebody looks at what an app may do, and withdraws it (SE-07)',
    async tell(reader) {
      const { server } = reader.stage
      const person = await settled(reader.stage)
      const client = await addClient(server, { name: 'Shop' })
      await tokensFor(server, client, person, { scope: 'openid profile email offline_access' })
      await reader.goto('/account/apps')
      await signIn(reader, person)
      await reader.sees('account:self.apps.title')
      await reader.follow(text('account:self.apps.detailsNamed', { app: 'Shop' }))
      await reader.page.getByRole('heading', { level: 1, name: 'Shop' }).waitFor()
      await reader.press('account:self.apps.withdraw')
      await isTold(reader, 'account:self.apps.title', 'account:self.notice.appWithdrawn')
      await reader.reads('account:self.apps.none')
      await reader.follow(text('account:self.apps.detailsNamed', { app: 'Shop' }))
      await reader.page.getByRole('heading', { level: 1, name: 'Shop' }).waitFor()
      await reader.reads('account:self.apps.formerApp')
      await reader.reads('account:self.apps.receipts')
      await go(reader, 'activity')
      await reader.sees('account:self.activity.title')
      await reader.reads(text('account:self.event.consentGranted', { app: 'Shop' }))
    },
  },
  {
    name: 'somebody takes their data with them and deletes their account (SE-08)',
    async tell(reader) {
      const person = await settled(reader.stage)
      await reader.goto('/account/data')
      await signIn(reader, person)
      await reader.sees('account:self.data.title')
      const download = reader.page.waitForEvent('download')
      await reader.press('account:self.data.download')
      if ((await download).suggestedFilename() !== 'account.json') throw new Error('another file came')
      await reader.follow('account:self.data.delete')
      await reader.sees('account:self.delete.title')
      await reader.fill('account:self.delete.confirm', 'somebody.else@example.com')
      await reader.press('account:self.delete.submit')
      await isTold(reader, 'account:self.delete.title', 'account:self.delete.confirmWrong')
      await reader.fill('account:self.delete.confirm', person.email)
      await reader.press('account:self.delete.submit')
      await reader.sees('account:self.ended.deletedTitle')
    },
  },
]
