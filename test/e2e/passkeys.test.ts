import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { resetSecondFactor } from '../../src/users/index.ts'
import { enterCode, enterPassword, headings, press, signInAt } from '../support/hosted-pages.ts'
import { addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'
import { addAuthenticator } from '../support/virtual-authenticator.ts'
import type { VirtualAuthenticator } from '../support/virtual-authenticator.ts'
import type { Visit } from '../support/visit.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage({
    env: {
      CARDEA_ACR:
        'urn:cardea:acr:pwd=pwd; urn:cardea:acr:mfa=pwd+otp|passkey|pwd+recovery_code; urn:example:acr:strong=passkey,300',
    },
  })
})
afterAll(() => stage.close())

const shots = process.env['CARDEA_SCREENSHOTS']

/** Keeps a picture of the page, for whoever wants to judge its looks. */
async function picture(page: Page, name: string): Promise<void> {
  if (shots === undefined) return
  mkdirSync(shots, { recursive: true })
  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1000]) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 800 })
      await page.screenshot({ path: `${shots}/${name}-${colorScheme}-${width}.png`, fullPage: true })
    }
  await page.emulateMedia({ colorScheme: null })
  await page.setViewportSize({ width: 1280, height: 720 })
}

/** From the app to the first page of the sign-in. */
async function begin({ page, sees }: Pick<Visit, 'page' | 'sees'>, query = ''): Promise<void> {
  await page.goto(`${stage.app.url}/login${query}`)
  await sees(headings.login)
}

async function finishFirstTime({ page, sees }: Visit): Promise<void> {
  await sees(headings.recoveryCodes)
  await page.getByLabel('I have saved them').check()
  await press(page, 'Continue')
  await sees(headings.consent)
  await press(page, 'Allow')
  await sees('Hello, Pat Example')
}

/** A person who has made a passkey on their first sign-in, and the browser it is in. */
async function withPasskey(
  then: (visit: Visit, device: VirtualAuthenticator, person: Person) => Promise<void>,
): Promise<void> {
  const person = await addPerson(stage.server, { totp: false })
  await stage.play(async (visit) => {
    const device = await addAuthenticator(visit.page)
    await begin(visit)
    await enterPassword(visit.page, person)
    await visit.sees(headings.enrol)
    await press(visit.page, 'Make a passkey')
    await finishFirstTime(visit)
    await then(visit, device, person)
  })
}

const amr = (page: Page) => page.locator('#id-token').innerText()

test('a passkey made on the first sign-in is a sign-in by itself ever after, from the list at the field: nobody types a name (MF-06)', async () => {
  await withPasskey(async ({ page, sees, context }, device) => {
    expect(await amr(page)).toMatch(/pwd, [hs]wk, user, mfa/)
    expect(await device.passkeys()).toBe(1)
    await context.clearCookies()
    await page.goto(`${stage.app.url}/login`)
    await sees('Hello, Pat Example')
    expect(await amr(page)).toMatch(/[^,] ?[hs]wk, user, mfa/)
    expect(await amr(page)).not.toContain('pwd')
  })
})

test('an authenticator app and a passkey stand for each other on one page (MF-06)', async () => {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  await stage.play(async (visit) => {
    const { page, sees, context } = visit
    const device = await addAuthenticator(page, { transport: 'usb' })
    await signInAt(stage, visit, person)
    // Made on the account's page in life; here by the server's own hand, through the same doors.
    await addPasskeyTo(visit, person)
    expect(await device.passkeys()).toBe(1)
    await context.clearCookies()
    await device.willVerify(false)
    await begin(visit)
    await enterPassword(page, person)
    await sees(headings.totp)
    await picture(page, 'totp-with-passkey')
    await press(page, 'Use a passkey instead')
    await page.getByText('No passkey came back.').waitFor()
    await sees(headings.totp)
    await picture(page, 'totp-passkey-failed')
    await device.willVerify(true)
    await press(page, 'Use a passkey instead')
    await sees('Hello, Pat Example')
    expect(await amr(page)).toMatch(/pwd, [hs]wk, user, mfa/)

    await context.clearCookies()
    await device.willVerify(false)
    await begin(visit)
    await enterPassword(page, person)
    await sees(headings.totp)
    await enterCode(page, await codeOf(stage.server, person))
    await sees('Hello, Pat Example')
    expect(await amr(page)).toContain('pwd, otp, mfa')
  })
})

/** Signs in anew with an acr that only a passkey reaches; see the table of this stage's server. */
async function addPasskeyTo({ page, sees }: Visit, person: Person): Promise<void> {
  await page.goto(`${stage.app.url}/login?acr_values=urn:example:acr:strong`)
  const heading = page.getByRole('heading', { level: 1 })
  await heading.waitFor()
  if ((await heading.innerText()) === headings.totp) await enterCode(page, await codeOf(stage.server, person))
  await sees('Make a passkey')
  await picture(page, 'passkey-enrol')
  await press(page, 'Make a passkey')
  await sees('Hello, Pat Example')
}

test('somebody with a passkey alone is asked for it after the password, and has recovery codes for when it is lost (RE-01)', async () => {
  await withPasskey(async (visit, device, person) => {
    const { page, sees, context } = visit
    await context.clearCookies()
    await device.willVerify(false)
    await begin(visit)
    await enterPassword(page, person)
    await sees('Confirm with your passkey')
    await picture(page, 'passkey')
    await page.getByRole('link', { name: 'Use a recovery code' }).click()
    await sees(headings.recoveryCode)
    await page.getByRole('link', { name: 'Use your passkey instead' }).click()
    await sees('Confirm with your passkey')
    await device.willVerify(true)
    await press(page, 'Use my passkey')
    await sees('Hello, Pat Example')

    const [code = ''] = await addRecoveryCodes(stage.server, person)
    await context.clearCookies()
    await device.willVerify(false)
    await begin(visit)
    await enterPassword(page, person)
    await page.getByRole('link', { name: 'Use a recovery code' }).click()
    await page.getByLabel('Recovery code').fill(code)
    await press(page, 'Continue')
    await sees('Hello, Pat Example')
    expect(await amr(page)).toContain('pwd, mfa')
  })
})

test('an admin\u2019s reset ends the passkey, and the next sign-in sets up another factor (RE-03)', async () => {
  await withPasskey(async (visit, _device, person) => {
    const { page, sees, context } = visit
    const { database, sealer } = stage.server
    await database.transaction((tx) => resetSecondFactor({ tx, sealer }, person.id))
    await context.clearCookies()
    await begin(visit)
    await page.getByRole('alert').getByText('That passkey was not accepted.').waitFor()
    await picture(page, 'login-passkey-refused')
    await enterPassword(page, person)
    await sees(headings.enrol)
    await picture(page, 'enrol-with-passkey')
  })
})

test('an answer that was sent before is not sent again by whoever comes back to the page (MF-06)', async () => {
  await stage.play(async ({ page, sees }) => {
    await begin({ page, sees })
    const response = page.locator('form[data-passkey] input[name="response"]')
    await page.evaluate(`document.querySelector('form[data-passkey] [name=response]').value = '{"id":"old"}'`)
    expect(await response.inputValue()).toBe('{"id":"old"}')
    // As browsers say it that kept the whole page, with what was in its fields.
    await page.evaluate(`window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`)
    expect(await response.inputValue()).toBe('')
  })
})

test('without a script nothing of passkeys is shown, and without an authenticator nothing is in the way', async () => {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  await stage.play(
    async (visit) => {
      await begin(visit)
      expect(await visit.page.getByRole('button', { name: /passkey/i }).count()).toBe(0)
      await signInAt(stage, visit, person)
    },
    { javaScriptEnabled: false },
  )
  await stage.play(async (visit) => {
    await begin(visit)
    await picture(visit.page, 'login-with-passkey')
    await signInAt(stage, visit, person, { consent: false })
  })
})
