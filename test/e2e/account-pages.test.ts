import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { generate } from 'otplib'
import { translate, text } from '../../src/language/index.ts'
import type { Language } from '../../src/language/index.ts'
import { enterPassword, headings, press } from '../support/hosted-pages.ts'
import { addClient, addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { tokensFor } from '../support/sign-in.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'
import { addAuthenticator } from '../support/virtual-authenticator.ts'
import type { Visit } from '../support/visit.ts'

const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const at = (path: string) => `${stage.server.issuer}${path}`

/** Signs in on the way to an account page, in English. */
async function signInOnTheWay({ page, sees }: Visit, person: Person, path: string): Promise<void> {
  await page.goto(at(path))
  await sees(headings.login)
  await enterPassword(page, person)
  await sees(headings.totp)
  await enterCode(page, await codeOf(stage.server, person))
}

async function enterCode(page: Page, code: string): Promise<void> {
  await page.getByLabel('Six-digit code').fill(code)
  await press(page, 'Continue')
}

describe.each([
  ['on a phone without JavaScript', { ...phone, javaScriptEnabled: false }],
  ['on a desk', { viewport: { width: 1280, height: 900 } }],
])('%s', (_where, options) => {
  test('somebody looks after their account: name, password, devices, apps, activity, and out again', async () => {
    const person = await addPerson(stage.server)
    await addRecoveryCodes(stage.server, person)
    const client = await addClient(stage.server, { name: 'Shop' })
    await tokensFor(stage.server, client, person)
    await stage.play(async (visit) => {
      const { page, sees } = visit
      const go = (name: string) =>
        page.getByRole('navigation').getByRole('link', { name, exact: true }).click()
      await signInOnTheWay(visit, person, '/account/profile')
      await sees('Profile')
      await page.getByLabel('Name', { exact: true }).fill('Pat Newname')
      await press(page, 'Save')
      await page.getByText('Your profile is saved.').waitFor()
      await go('Overview')
      await sees('Hello, Pat Newname')
      await page.getByText('You are signed in on 2 devices.').waitFor()

      await go('Signing in')
      await sees('Signing in')
      await page.getByRole('link', { name: 'Change your password' }).click()
      await sees('Change your password')
      await page.getByLabel('Current password').fill('not this one')
      await page.getByLabel('New password').fill('seven lanterns over quiet harbours')
      await press(page, 'Change password')
      await page.getByText('Your current password is not right').waitFor()
      await sees('Change your password')
      await page.getByLabel('Current password').fill(person.password)
      await page.getByLabel('New password').fill('seven lanterns over quiet harbours')
      expect(await page.getByLabel('Sign out everywhere else').isChecked()).toBe(true)
      await press(page, 'Change password')
      await page.getByText('Your password is changed.').waitFor()

      await go('Devices')
      await sees('Devices')
      await page.getByText('You are signed in nowhere else.').waitFor()
      await go('Apps')
      await sees('Apps')
      await page.getByRole('link', { name: 'Details of Shop' }).click()
      await sees('Shop')
      await press(page, 'Withdraw access')
      await page.getByText('The app has no access to your account any more.').waitFor()
      await go('Activity')
      await sees('Activity')
      await page.getByText('Your password was changed').first().waitFor()
      await go('Your data')
      await sees('Your data')
      await page.getByRole('link', { name: 'Delete my account' }).click()
      await sees('Delete your account')
      await page.getByRole('link', { name: 'Keep my account' }).click()
      await sees('Your data')
      await press(page, 'Sign out here')
      await sees('You are signed out')
      await page.getByRole('link', { name: 'Sign in' }).click()
      await sees(headings.login)
    }, options)
  })

  test('somebody adds an authenticator app, names it, is shown no secret twice, and removes it', async () => {
    const person = await addPerson(stage.server)
    await addRecoveryCodes(stage.server, person)
    await stage.play(async (visit) => {
      const { page, sees } = visit
      await signInOnTheWay(visit, person, '/account/security')
      await sees('Signing in')
      await press(page, 'Add an authenticator app')
      await sees('Add an authenticator app')
      const secret = (await page.locator('.key').innerText()).replaceAll(/\s/g, '')
      await page.reload()
      expect((await page.locator('.key').innerText()).replaceAll(/\s/g, '')).toBe(secret)
      await page.getByLabel('Six-digit code').fill(await generate({ secret }))
      await page.getByLabel('Name of this app or phone').fill('Tablet')
      await press(page, 'Link the app')
      await page.getByText('Your authenticator app is linked.').waitFor()
      await page.goBack()
      await sees('Signing in')
      await page.getByRole('link', { name: 'Rename or remove Tablet' }).click()
      await sees('Tablet')
      await press(page, 'Remove')
      await page.getByText('It is removed and cannot be used any more.').waitFor()
      await sees('Signing in')
    }, options)
  })
})

test('somebody adds a passkey on the account pages and signs in with it alone', async () => {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  await stage.play(async (visit) => {
    const { page, sees, context } = visit
    const device = await addAuthenticator(page)
    await signInOnTheWay(visit, person, '/account/security')
    // Offered on the way in; here it is done on the account pages.
    await press(page, 'Not now')
    await sees('Signing in')
    await page.getByRole('link', { name: 'Add a passkey' }).click()
    await sees('Add a passkey')
    await page.getByLabel('Name', { exact: true }).fill('Laptop')
    await press(page, 'Make a passkey')
    await page.getByText('Your passkey is saved.').waitFor()
    await page.getByText('Laptop').waitFor()
    expect(await device.passkeys()).toBe(1)
    await context.clearCookies()
    await page.goto(at('/account/security'))
    await sees('Signing in')
  })
})

test.each<Language>(['en', 'de'])(
  'every page speaks %s, fits a phone and can be used by everybody',
  async (language) => {
    const person = await addPerson(stage.server)
    await addRecoveryCodes(stage.server, person)
    const said = (key: Parameters<typeof text>[0]) => translate(language, text(key))
    await stage.play(
      async ({ page, sees }) => {
        await page.goto(at('/account'))
        await sees(said('signin:login.title'))
        await page.getByLabel(said('signin:login.email')).fill(person.email)
        await page.locator('#password').fill(person.password)
        await press(page, said('signin:login.submit'))
        await page.locator('#code').fill(await codeOf(stage.server, person))
        await press(page, said('signin:continue'))
        const pages: [string, Parameters<typeof text>[0]][] = [
          ['profile', 'account:self.profile.title'],
          ['email', 'account:self.email.title'],
          ['change-password', 'account:self.password.title'],
          ['security', 'account:self.security.title'],
          ['security/recovery-codes', 'account:self.codes.title'],
          ['security/browsers', 'account:self.browsers.title'],
          ['security/add-passkey', 'account:self.passkey.title'],
          ['sessions', 'account:self.sessions.title'],
          ['apps', 'account:self.apps.title'],
          ['activity', 'account:self.activity.title'],
          ['data', 'account:self.data.title'],
          ['delete', 'account:self.delete.title'],
        ]
        for (const [path, title] of pages) {
          await page.goto(at(`/account/${path}`))
          await sees(said(title))
          expect(await page.locator('html').getAttribute('lang')).toBe(language)
        }
      },
      { ...phone, locale: language },
    )
  },
)
