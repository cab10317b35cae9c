import { languageNames, text } from '../../../src/language/index.ts'
import { addDeviceApp, startDevice } from '../device.ts'
import { addClient } from '../people.ts'
import { authenticated } from '../sessions.ts'
import { authorizeUrl, pkce } from '../sign-in.ts'
import { giveCode, givePassword, settled, signIn } from './story.ts'
import type { Story } from './story.ts'

const app = { app: 'Sample app' }

/** What is around a sign-in: whose it is, on which device, in which language, how it ends, and where it leads nowhere. */
export const around: Story[] = [
  {
    name: 'two people share a browser: one goes on as the other, and both sign out at once (LO-01)',
    async tell(reader) {
      const [one, other] = [await settled(reader.stage), await settled(reader.stage)]
      await reader.startsAtApp()
      await signIn(reader, one)
      await reader.sees(text('consent:question', app))
      await reader.press('consent:allow')
      await reader.arrives()
      await reader.startsAtApp('?prompt=select_account')
      await reader.sees('signin:select.title')
      await reader.press('signin:select.another')
      await signIn(reader, other)
      await reader.sees(text('consent:question', app))
      await reader.press('consent:allow')
      await reader.arrives()
      await reader.startsAtApp('?prompt=select_account')
      await reader.sees('signin:select.title')
      await reader.page.getByRole('button', { name: one.email }).click()
      await reader.arrives()
      await reader.goto('/logout')
      await reader.sees(text('signin:logout.title', { server: 'Cardea' }))
      await reader.press('signin:logout.stay')
      await reader.sees('signin:loggedOut.stayedTitle')
      await reader.goto('/logout')
      await reader.tick(text('signin:logout.others', { count: 1 }))
      await reader.press('signin:logout.submit')
      await reader.sees('signin:loggedOut.title')
    },
  },
  {
    name: 'somebody signs out at an app, and is led back there (LO-01)',
    async tell(reader) {
      const { page, stage } = reader
      await reader.startsAtApp()
      await signIn(reader, await settled(stage))
      await reader.press('consent:allow')
      await reader.arrives()
      await page.getByRole('button', { name: 'Sign out', exact: true }).click()
      await reader.sees(text('signin:logout.title', { server: 'Cardea' }))
      await reader.reads(text('signin:logout.asked', app))
      await reader.press('signin:logout.submit')
      await page.waitForURL(`${stage.app.url}/**`)
    },
  },
  {
    name: 'somebody connects a device by its code, and turns another away (DV-01)',
    async tell(reader) {
      const { server } = reader.stage
      const device = await addDeviceApp(server, { metadata: { client_uri: 'https://tv.acme.example/' } })
      const [started, strange] = [await startDevice(server, device), await startDevice(server, device)]
      await reader.goto('/device')
      await reader.sees('device:enter.title')
      await reader.fill('device:enter.code', 'ZZZZ-ZZZZ')
      await reader.press('device:enter.submit')
      await reader.sees('device:enter.title')
      await reader.reads('device:enter.unknown')
      await reader.fill('device:enter.code', started.user_code)
      await reader.press('device:enter.submit')
      const question = text('device:confirm.title', { app: 'Acme TV' })
      await reader.sees(question)
      await reader.press('device:confirm.submit')
      await signIn(reader, await settled(reader.stage))
      await reader.sees(text('consent:question', { app: 'Acme TV' }))
      await reader.press('consent:allow')
      await reader.sees('device:answered.title')
      await reader.page.goto(strange.verification_uri_complete)
      await reader.sees(question)
      await reader.press('device:confirm.abort')
      await reader.sees('device:answered.refusedTitle')
    },
  },
  {
    name: 'somebody picks their language at the foot of a page that came in another, and keeps it',
    async tell(reader) {
      const { page, language } = reader
      const person = await settled(reader.stage)
      await reader.goto(`/account?ui_locales=fr`)
      await page.locator('html[lang=fr]').waitFor()
      await page.locator('.languages summary').click()
      await page.getByRole('button', { name: languageNames[language], exact: true }).click()
      await givePassword(reader, person)
      await giveCode(reader, person)
      await reader.sees('account:self.title', {
        heading: text('account:self.overview.hello', { name: 'Pat Example' }),
      })
      const { prisma } = reader.stage.server.database
      const { locale } = await prisma.user.findUniqueOrThrow({ where: { id: person.id } })
      if (locale !== language) throw new Error(`the account keeps ${String(locale)}`)
    },
  },
  {
    name: 'somebody at a dead end is told why, and where to go (SE-04)',
    async tell(reader) {
      const { page, stage } = reader
      await reader.goto('/interaction/none')
      await reader.sees('errors:noCookie.title')
      await reader.goto('/nowhere')
      await reader.sees('errors:http.404.title')
      await reader.goto(`/account/password?ticket=${'x'.repeat(43)}`)
      await reader.sees('account:deadLink.title')
      const client = await addClient(stage.server)
      await reader.goto(
        authorizeUrl(client, pkce().challenge, { redirect_uri: 'https://elsewhere.example/' }),
      )
      await reader.sees('errors:engine.app')
      await reader.startsAtApp()
      await reader.sees('signin:login.title')
      const { pathname } = new URL(page.url())
      const person = await settled(stage)
      await signIn(reader, person)
      await reader.sees(text('consent:question', app))
      await reader.press('consent:allow')
      await reader.arrives()
      await reader.goto(pathname)
      await reader.sees('errors:finished.title')
    },
  },
  {
    name: 'somebody is asked to confirm that it is them before a change that matters, and gives it up (MF-07)',
    async tell(reader) {
      const { server } = reader.stage
      const person = await settled(reader.stage)
      await reader.goto('/account')
      await signIn(reader, person)
      await reader.sees('account:self.title', {
        heading: text('account:self.overview.hello', { name: 'Pat Example' }),
      })
      await authenticated(server, person, { secondsAgo: 400 })
      await reader.goto('/account/delete')
      await reader.sees('signin:login.title')
      await reader.press('signin:back.cancel')
      await reader.reads('account:self.notice.notConfirmed')
      await reader.goto('/account/delete')
      await signIn(reader, person)
      await reader.sees('account:self.delete.title')
    },
  },
]
