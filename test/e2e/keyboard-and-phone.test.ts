import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import type { Page } from 'playwright-core'
import { enterPassword, headings, press } from '../support/hosted-pages.ts'
import { addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

/** Tab, until the focus is where it is wanted; every stop on the way must show that it has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let stops = 0; stops < 30; stops += 1) {
    const [label, outline] = await page.evaluate<[string, number]>(`(() => {
      const { activeElement: one } = document
      const text = one.labels?.[0]?.textContent || one.textContent
      const { outlineStyle, outlineWidth } = getComputedStyle(one)
      return [text.trim(), outlineStyle === 'none' ? 0 : parseFloat(outlineWidth)]
    })()`)
    if (stops > 0 && outline < 2) throw new Error(`“${label}” does not show that it has the focus`)
    if (label.startsWith(name)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the Tab key never reaches “${name}”`)
}

test('a person signs in with the keyboard alone, and sees at each stop where they are', async () => {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  await stage.play(async ({ page, sees }) => {
    const { keyboard } = page
    await page.goto(`${stage.app.url}/login`)
    await sees(headings.login)
    // The first field has the focus without a touch.
    await keyboard.type(person.email)
    await keyboard.press('Tab')
    await keyboard.type('not my password')
    await keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    // The summary has the focus now, and the way from it leads to the fields.
    await tabTo(page, 'Check what you entered')
    await keyboard.press('Enter')
    await tabTo(page, 'Password')
    await keyboard.type(person.password)
    await tabTo(page, 'Sign in')
    await keyboard.press('Space')
    await sees(headings.totp)
    await keyboard.type(await codeOf(stage.server, person))
    await keyboard.press('Enter')
    await sees(headings.consent)
    await tabTo(page, 'See your orders')
    await keyboard.press('Space')
    await tabTo(page, 'Allow')
    await keyboard.press('Enter')
    await sees('Hello, Pat Example')
    expect(await page.locator('#api').getAttribute('data-status')).toBe('403')
  })
})

/** Everything to be pressed is 44 px high, whatever its kind; links within a sentence may be smaller (WCAG 2.2 SC 2.5.8). */
async function expectTargetsForThumbs(page: Page): Promise<void> {
  const small = await page.evaluate<
    string[]
  >(`[...document.querySelectorAll('button, a.button, .field input:not([type=checkbox]), label.choice')]
    .filter((one) => one.getBoundingClientRect().height < 44)
    .map((one) => one.outerHTML)`)
  expect(small).toEqual([])
}

test.each(['light', 'dark'] as const)(
  'every page fits a narrow phone in %s colours, without scrolling sideways and with targets for thumbs',
  async (colorScheme) => {
    const person = await addPerson(stage.server, {
      totp: false,
      email: `maximiliane.von-der-hohenstaufen+${colorScheme}@students.informatik.universitaet.example`,
    })
    await stage.play(
      async ({ page, sees: look }) => {
        const sees = async (heading: string | RegExp) => {
          await look(heading)
          await expectTargetsForThumbs(page)
        }
        await page.goto(`${stage.app.url}/login`)
        await sees(headings.login)
        await enterPassword(page, { email: person.email, password: 'not my password' })
        await page.getByRole('alert').waitFor()
        await sees(headings.login)
        await enterPassword(page, person)
        await sees(headings.enrol)
        const secret = (await page.locator('.key').innerText()).replaceAll(/\s/g, '')
        await page.getByLabel('Six-digit code').fill(await generate({ secret }))
        await press(page, 'Link this app')
        await sees(headings.recoveryCodes)
        await page.getByLabel('I have saved them').check()
        await press(page, 'Continue')
        await sees(headings.consent)
        await press(page, 'Allow')
        await look('Hello, Pat Example')
        await page.goto(`${stage.app.url}/login?prompt=select_account`)
        await sees(headings.selectAccount)
        await press(page, /Use another account/)
        await sees(headings.login)
        await enterPassword(page, person)
        await sees(headings.totp)
        await page.getByRole('link', { name: 'Use a recovery code' }).click()
        await sees(headings.recoveryCode)
        await page.goto(`${stage.server.issuer}/interaction/none`)
        await sees('We cannot see your sign-in')
        await page.goto(`${stage.server.issuer}/logout`)
        await sees(headings.logout)
        await press(page, 'Sign out')
        await sees('You are signed out')
      },
      { colorScheme, viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
    )
  },
)
