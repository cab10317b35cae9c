import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { press } from '../support/hosted-pages.ts'
import { addPerson } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const phone = {
  ...{ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  ...{ javaScriptEnabled: false, locale: 'en-GB' },
}

test('a person picks their language at the foot of a page, and is asked in it from then on', async () => {
  const person = await addPerson(stage.server)
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await sees('Sign in')
    await page.getByText('Language: English').click()
    await press(page, 'Deutsch')
    await sees('Anmelden')
    // A wrong answer keeps the language, and the page can be left for another one from there too.
    await page.getByLabel('E-Mail-Adresse').fill(person.email)
    await page.getByLabel('Passwort', { exact: true }).fill('not my password')
    await press(page, 'Anmelden')
    await page.getByRole('alert').waitFor()
    expect(await page.title()).toBe('Problem: Anmelden · Cardea')
    await page.getByText('Sprache: Deutsch').click()
    await press(page, 'العربية')
    expect(await page.locator('html').getAttribute('dir')).toBe('rtl')
    await page.locator('.languages summary').click()
    await press(page, 'Deutsch')
    await page.getByLabel('E-Mail-Adresse').fill(person.email)
    await page.getByLabel('Passwort', { exact: true }).fill(person.password)
    await press(page, 'Anmelden')
    await sees('Geben Sie Ihren Anmeldecode ein')
  }, phone)
  const user = await stage.server.database.prisma.user.findUniqueOrThrow({ where: { id: person.id } })
  // Nobody has signed in yet: what was picked is this browser's.
  expect(user.locale).toBeNull()
})

test('a browser that says which language it wants is spoken to in it', async () => {
  await stage.play(
    async ({ page, sees }) => {
      await page.goto(`${stage.app.url}/login`)
      await sees('Anmelden')
    },
    { locale: 'de-CH', viewport: { width: 360, height: 740 } },
  )
})
