import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import { enterCode, enterPassword, headings, press, signInAt } from '../support/hosted-pages.ts'
import { addPerson, addRecoveryCodes } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

test('the first sign-in links an authenticator app, hands out recovery codes once, asks for consent, and the app is open (MF-01)', async () => {
  const person = await addPerson(stage.server, { totp: false })
  await stage.play(async ({ page, sees }) => {
    await page.goto(stage.app.url)
    await sees('See what a sign-in reveals')
    await page.getByRole('link', { name: 'Sign in' }).click()
    await sees(headings.login)
    await enterPassword(page, person)

    await sees(headings.enrol)
    const link = await page.getByRole('link', { name: 'Open the app on this device' }).getAttribute('href')
    const secret = new URL(link ?? '').searchParams.get('secret') ?? ''
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    const typed = await page.locator('.key').innerText()
    expect(typed.replaceAll(/\s/g, '')).toBe(secret)
    expect(await page.getByRole('img', { name: /QR code/ }).getAttribute('src')).toMatch(/^data:image\/svg/)
    await page.getByLabel('Six-digit code').fill(await generate({ secret }))
    await press(page, 'Link this app')

    await sees(headings.recoveryCodes)
    const codes = await page.locator('.codes li').allInnerTexts()
    expect(new Set(codes).size).toBe(10)
    const heights = await page.evaluate<number[]>(
      `[...document.querySelectorAll('.codes li')].map((one) => one.clientHeight)`,
    )
    expect(Math.max(...heights)).toBeLessThan(32)
    const file = await page.getByRole('link', { name: 'download them as a text file' }).getAttribute('href')
    expect(decodeURIComponent(file ?? '')).toContain(codes.join('\r\n'))
    await press(page, 'Continue')
    await sees(headings.recoveryCodes)
    await page.reload()
    expect(await page.locator('.codes li').allInnerTexts()).toEqual(codes)
    await page.getByLabel('I have saved them').check()
    await press(page, 'Continue')

    await sees(headings.consent)
    expect(await page.locator('.asker + h1').innerText()).toContain('Sample app')
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
    expect(new URL(page.url()).href).toBe(`${stage.app.url}/`)
    expect(await page.locator('#id-token').innerText()).toContain('pwd, otp, mfa')
    expect(await page.locator('#userinfo').innerText()).toContain(person.email)
    expect(await page.locator('#api').getAttribute('data-status')).toBe('200')
  })
})

test('the second sign-in, in another browser, asks for password and code and not for consent again', async () => {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  await stage.play((visit) => signInAt(stage, visit, person))
  await stage.play((visit) => signInAt(stage, visit, person, { consent: false }))
})

test('a browser that is signed in already goes straight through to the app', async () => {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  await stage.play(async (visit) => {
    await signInAt(stage, visit, person)
    await visit.page.goto(`${stage.app.url}/login`)
    await visit.sees('Hello, Pat Example')
  })
})

test('someone without their phone signs in with a recovery code, which then works no more (RE-01)', async () => {
  const person = await addPerson(stage.server)
  const [first = '', second = ''] = await addRecoveryCodes(stage.server, person)
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, person)
    await sees(headings.totp)
    await page.getByRole('link', { name: 'Use a recovery code' }).click()
    await sees(headings.recoveryCode)
    await page.getByLabel('Recovery code').fill(first)
    await press(page, 'Continue')
    await sees(headings.consent)
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
    expect(await page.locator('#id-token').innerText()).toContain('pwd, mfa')
  })
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, person)
    await page.getByRole('link', { name: 'Use a recovery code' }).click()
    await page.getByLabel('Recovery code').fill(first)
    await press(page, 'Continue')
    await sees(headings.recoveryCode)
    expect(await page.getByRole('alert').innerText()).toContain('That code was not accepted.')
    // As people type it: small letters, spaces for dashes.
    await page.getByLabel('Recovery code').fill(second.toLowerCase().replaceAll('-', ' '))
    await press(page, 'Continue')
    await sees('Hello, Pat Example')
  })
})

test('the way back from the recovery code to the authenticator app is open', async () => {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, person)
    await page.getByRole('link', { name: 'Use a recovery code' }).click()
    await page.getByRole('link', { name: 'Use your authenticator app instead' }).click()
    await sees(headings.totp)
    await enterCode(page, await generate({ secret: person.totpSecret ?? '' }))
    await sees(headings.consent)
  })
})
