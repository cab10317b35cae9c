import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import { enterCode, enterPassword, headings, press } from '../support/hosted-pages.ts'
import { addPerson } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

test('the whole story works with scripts switched off: enrolment, mistakes, consent, tokens, sign-out, and in again', async () => {
  const person = await addPerson(stage.server, { totp: false })
  const story = stage.play(
    async ({ page, sees }) => {
      await page.goto(stage.app.url)
      await page.getByRole('link', { name: 'Sign in' }).click()
      await enterPassword(page, { email: person.email, password: 'not my password' })
      await page.getByRole('alert').waitFor()
      await enterPassword(page, person)

      await sees(headings.enrol)
      const secret = (await page.locator('.key').innerText()).replaceAll(/\s/g, '')
      await page.getByLabel('Six-digit code').fill(await generate({ secret }))
      await press(page, 'Link this app')
      await sees(headings.recoveryCodes)
      const [recoveryCode = ''] = await page.locator('.codes li').allInnerTexts()
      await page.getByLabel('I have saved them').check()
      await press(page, 'Continue')
      await sees(headings.consent)
      await press(page, 'Allow')
      await sees('Hello, Pat Example')
      await press(page, 'Refresh')
      expect(await page.getByRole('status').innerText()).toBe('The tokens were refreshed.')

      await press(page, 'Sign out')
      await sees(headings.logout)
      await press(page, 'Sign out')
      await sees('You are signed out')

      await page.goto(`${stage.app.url}/login`)
      await sees(headings.login)
      await enterPassword(page, person)
      await sees(headings.totp)
      await enterCode(page, '000000')
      await page.getByRole('alert').waitFor()
      await page.getByRole('link', { name: 'Use a recovery code' }).click()
      await page.getByLabel('Recovery code').fill(recoveryCode)
      await press(page, 'Continue')
      await sees('Hello, Pat Example')
    },
    { javaScriptEnabled: false },
  )
  await expect(story).resolves.toBeUndefined()
})

test('a hosted page holds no script and no style of its own, and brings only files of ours', async () => {
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await sees(headings.login)
    const inline = 'script:not([src]), [onclick], [onload], [onsubmit], style, [style]'
    expect(await page.locator(inline).count()).toBe(0)
    for (const script of await page.locator('script').all()) {
      expect(await script.getAttribute('src')).toMatch(/^\/assets\/[\w-]+\.[0-9a-f]{16}\.js$/)
      expect(await script.textContent()).toBe('')
    }
  })
})
