import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import { enterCode, enterPassword, headings, press, signInAt } from '../support/hosted-pages.ts'
import { addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage({
    env: {
      CARDEA_TOTP_POLICY: 'optional',
      CARDEA_ACR:
        'urn:cardea:acr:pwd=pwd; urn:example:acr:saved=pwd+recovery_code; urn:cardea:acr:mfa=pwd+otp|passkey',
    },
  })
})
afterAll(() => stage.close())

const INVOICES = 'Your invoices'

test('an API wants a stronger sign-in, the app fetches one, and only what is missing is asked (RFC 9470, AZ-20)', async () => {
  const person = await addPerson(stage.server, { totp: false })
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, person)
    await sees(headings.consent)
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
    expect(await page.locator('#api').getAttribute('data-status')).toBe('200')
    await page.getByRole('link', { name: 'See your invoices' }).click()

    // Not the password again: it was shown just now.
    await sees(headings.enrol)
    const secret = (await page.locator('.key').innerText()).replaceAll(/\s/g, '')
    await page.getByLabel('Six-digit code').fill(await generate({ secret }))
    await press(page, 'Link this app')
    await page.getByLabel('I have saved them').check()
    await press(page, 'Continue')
    await sees(INVOICES)
    expect(await page.locator('#invoices').getAttribute('data-status')).toBe('200')
    expect(new URL(page.url()).pathname).toBe('/invoices')
  })
})

test('an API wants a fresher sign-in: password and code are asked again, and then it is content (RFC 9470, AZ-18)', async () => {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await signInAt(stage, visit, person)
    await page.getByRole('link', { name: 'See your invoices' }).click()
    await sees(INVOICES)
    await letTimePass(person.id, 400)
    await page.goto(`${stage.app.url}/invoices`)
    await sees(headings.login)
    await enterPassword(page, person)
    await sees(headings.totp)
    await enterCode(page, await codeOf(stage.server, person))
    await sees(INVOICES)
    expect(await page.locator('#invoices').getAttribute('data-status')).toBe('200')
  })
})

test('an API that names a weaker acr alone is given a stronger one: the app says so after one round, also when the page is loaded again, and a new sign-in is on offer (RFC 9470, AZ-20)', async () => {
  const person = await addPerson(stage.server)
  const [code = ''] = await addRecoveryCodes(stage.server, person)
  const app = await stage.addApp('Old shop', { acrValues: ['urn:example:acr:saved'] })
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await signInAt({ server: stage.server, app }, visit, person)
    for (const go of [() => page.goto(`${app.url}/invoices`), () => page.reload()]) {
      await go()
      await sees(INVOICES)
      await page.getByText('the API still wants a stronger or a fresher sign-in').waitFor()
      expect(await page.locator('#invoices').innerText()).not.toContain('insufficient_user_authentication')
      expect(new URL(page.url()).pathname).toBe('/invoices')
    }
    await page.getByRole('link', { name: 'Try again' }).click()
    await sees(headings.login)
    await enterPassword(page, person)
    await sees(headings.recoveryCode)
    await page.getByLabel('Recovery code').fill(code)
    await press(page, 'Continue')
    await sees(INVOICES)
    expect(await page.locator('#invoices').getAttribute('data-status')).toBe('200')
  })
})

test('an API that names the stronger acr as well is content at once (RFC 9470, AZ-20)', async () => {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  const acrValues = ['urn:example:acr:saved', 'urn:cardea:acr:mfa']
  const app = await stage.addApp('New shop', { acrValues })
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await signInAt({ server: stage.server, app }, visit, person)
    await page.goto(`${app.url}/invoices`)
    await sees(INVOICES)
    expect(await page.locator('#invoices').getAttribute('data-status')).toBe('200')
  })
})

test('who declines the stronger sign-in keeps what they had, and the app does not go round in circles', async () => {
  const person = await addPerson(stage.server, { totp: false })
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, person)
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
    await page.goto(`${stage.app.url}/invoices`)
    await sees(headings.enrol)
    await press(page, 'Back to Sample app')
    await page.getByText('access_denied').waitFor()
    await page.goto(stage.app.url)
    await sees('Hello, Pat Example')
    expect(await page.locator('#api').getAttribute('data-status')).toBe('200')
  })
})

/** As if the sign-in had happened so many seconds earlier: what the session and its tokens say about when. */
async function letTimePass(userId: string, seconds: number): Promise<void> {
  const { pool } = stage.server.database
  await pool.query(
    `UPDATE sessions SET payload = jsonb_set(payload, '{loginTs}', to_jsonb((payload ->> 'loginTs')::int - $2::int))
     WHERE user_id = $1`,
    [userId, seconds],
  )
  await pool.query(
    `UPDATE tokens SET payload = jsonb_set(payload, '{extra,auth_time}', to_jsonb((payload #>> '{extra,auth_time}')::int - $2::int))
     WHERE user_id = $1 AND payload #> '{extra,auth_time}' IS NOT NULL`,
    [userId, seconds],
  )
}
