import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { enterCode, enterPassword, headings, press, signInAt } from '../support/hosted-pages.ts'
import { addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

async function newPerson(): Promise<Person> {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  return person
}

test('the app refreshes its tokens, and the API still takes the new one', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await signInAt(stage, visit, person)
    await press(page, 'Refresh')
    await sees('Hello, Pat Example')
    expect(await page.getByRole('status').innerText()).toBe('The tokens were refreshed.')
    expect(await page.locator('#api').getAttribute('data-status')).toBe('200')
    expect(await page.locator('#userinfo').getAttribute('data-status')).toBe('ok')
  })
})

test('a revoked token is refused at once by userinfo and by the API (RV-04)', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await signInAt(stage, visit, person)
    await press(page, 'Revoke')
    await sees('You are signed in')
    expect(await page.getByRole('status').innerText()).toContain('The refresh token was revoked')
    expect(await page.locator('#api').getAttribute('data-status')).toBe('401')
    expect(await page.locator('#userinfo').getAttribute('data-status')).toBe('invalid_token')
    await press(page, 'Refresh')
    await sees('You are signed in')
    expect(await page.getByRole('status').innerText()).toContain('invalid_grant')
    // The session at the server is alive: signing in again needs no password.
    await page.goto(`${stage.app.url}/login`)
    await sees('Hello, Pat Example')
  })
})

test('signing out asks first, ends the session, leads back to the app, and the password is asked for again (LO-01)', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await signInAt(stage, visit, person)
    await press(page, 'Sign out')
    await sees(headings.logout)
    const text = await page.getByRole('main').innerText()
    expect(text).toContain('Sample app asks to sign you out.')
    expect(text).toContain(person.email)
    await press(page, 'Sign out')
    await sees('You are signed out')
    expect(new URL(page.url()).origin).toBe(stage.app.url)
    expect(await page.getByRole('main').innerText()).toContain('the issuer has finished its part')
    await page.getByRole('link', { name: 'Back to the start' }).click()
    await sees('See what a sign-in reveals')
    await page.getByRole('link', { name: 'Sign in' }).click()
    await sees(headings.login)
  })
})

test('who stays signed in at the question has left the app alone, and gets back in without a password', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await signInAt(stage, visit, person)
    await press(page, 'Sign out')
    await sees(headings.logout)
    await press(page, 'Stay signed in')
    await sees(/^You are (still signed in|signed out)$/)
    await page.goto(`${stage.app.url}/login`)
    await sees('Hello, Pat Example')
  })
})

test('the choice of an account continues as the one signed in, or as another, who replaces them', async () => {
  const [first, second] = [await newPerson(), await newPerson()]
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await signInAt(stage, visit, first)
    await page.goto(`${stage.app.url}/login?prompt=select_account`)
    await sees(headings.selectAccount)
    await page.getByRole('button', { name: new RegExp(first.email) }).click()
    await sees('Hello, Pat Example')

    await page.goto(`${stage.app.url}/login?prompt=select_account`)
    await sees(headings.selectAccount)
    await press(page, /Use another account/)
    await sees(headings.login)
    await enterPassword(page, second)
    await sees(headings.totp)
    await enterCode(page, await codeOf(stage.server, second))
    await sees(headings.consent)
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
    expect(await page.locator('#userinfo').innerText()).toContain(second.email)
  })
})

test('an app that asks for a fresh sign-in gets one, with both factors (AZ-18)', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    await signInAt(stage, visit, person)
    await signInAt(stage, visit, person, { query: '?prompt=login', consent: false })
  })
})
