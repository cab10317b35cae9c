import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import type { Page } from 'playwright-core'
import { enterCode, enterPassword, headings, press } from '../support/hosted-pages.ts'
import { addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

/** The summary has the focus, so that it is read out; the field is marked and says what to do. */
async function expectFault(page: Page, label: string, message: string): Promise<void> {
  expect(await page.evaluate('document.activeElement.getAttribute("role")')).toBe('alert')
  expect(await page.title()).toMatch(/^Problem: /)
  const field = page.getByLabel(label)
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  const described = await field.getAttribute('aria-describedby')
  expect(await page.locator(`#${described}`).innerText()).toBe(message)
}

test('a wrong password is refused on the same page, which keeps the address and forgets the password', async () => {
  const person = await addPerson(stage.server)
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, { email: person.email, password: 'not my password' })
    await sees(headings.login)
    await expectFault(
      page,
      'Password',
      'The email address or the password is not right. Check both and try again.',
    )
    expect(await page.getByLabel('Email address').inputValue()).toBe(person.email)
    expect(await page.getByLabel('Password').inputValue()).toBe('')
    await page.getByLabel('Password').fill(person.password)
    await press(page, 'Sign in')
    await sees(headings.totp)
  })
})

test('an unknown address is answered with the very page of a wrong password (TH-04)', async () => {
  const person = await addPerson(stage.server)
  const texts: string[] = []
  for (const email of [person.email, 'nobody@example.com'])
    await stage.play(async ({ page, sees }) => {
      await page.goto(`${stage.app.url}/login`)
      await enterPassword(page, { email, password: 'not my password' })
      await page.getByRole('alert').waitFor()
      await sees(headings.login)
      texts.push(await page.locator('body').innerText())
    })
  expect(texts[1]).toBe(texts[0])
})

test('a wrong code is refused on the same page, and the next right one leads on', async () => {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, person)
    await enterCode(page, '000 000')
    await sees(headings.totp)
    await expectFault(
      page,
      'Six-digit code',
      'This code is not right. Codes change every 30 seconds and each works once: enter the one shown now.',
    )
    const right = await codeOf(stage.server, person)
    await enterCode(page, `${right.slice(0, 3)} ${right.slice(3)}`)
    await sees(headings.consent)
  })
})

test('a wrong code while linking an app leaves the same key on the page, and nothing linked', async () => {
  const person = await addPerson(stage.server, { totp: false })
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, person)
    await sees(headings.enrol)
    const key = await page.locator('.key').innerText()
    await page.getByLabel('Six-digit code').fill('000000')
    await press(page, 'Link this app')
    await sees(headings.enrol)
    expect(await page.getByRole('alert').innerText()).toContain('Your app is not linked yet.')
    expect(await page.locator('.key').innerText()).toBe(key)
    await page.getByLabel('Six-digit code').fill(await generate({ secret: key.replaceAll(/\s/g, '') }))
    await press(page, 'Link this app')
    await sees(headings.recoveryCodes)
  })
})

test('after too many wrong codes the page says how long to wait, also for a right one (MF-05)', async () => {
  const person = await addPerson(stage.server)
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, person)
    const alert = page.getByRole('alert')
    for (let tries = 0; tries < 12; tries += 1) {
      await enterCode(page, '000000')
      if ((await alert.innerText()).includes('too many attempts')) break
    }
    await enterCode(page, await codeOf(stage.server, person))
    await sees(headings.totp)
    expect(await alert.innerText()).toMatch(/^There were too many attempts. Try again in /)
  })
})
