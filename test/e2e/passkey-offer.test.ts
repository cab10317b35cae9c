import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { enterPassword, headings, press } from '../support/hosted-pages.ts'
import { addPerson } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'
import { addAuthenticator } from '../support/virtual-authenticator.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ env: { CARDEA_TOTP_POLICY: 'optional' } })
})
afterAll(() => stage.close())

const OFFER = 'Sign in faster next time?'

test('whoever signs in with a password on a device that can keep a passkey is offered one; "not now" is remembered there', async () => {
  const person = await addPerson(stage.server, { totp: false })
  await stage.play(async ({ page, sees }) => {
    const device = await addAuthenticator(page)
    const signIn = async (query = '') => {
      await page.goto(`${stage.app.url}/login${query}`)
      await sees(headings.login)
      await page.waitForFunction(`document.querySelector('input[name=passkeys]').value === 'yes'`)
      await enterPassword(page, person)
    }
    await signIn()
    await sees(OFFER)
    await page.reload()
    await sees(OFFER)
    await press(page, 'Not now')
    await sees(headings.consent)
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
    // The session goes, what this browser remembers stays.
    await page.context().clearCookies({ name: 'cardea_session' })
    await page.context().clearCookies({ name: 'cardea_session.sig' })
    await signIn()
    await sees('Hello, Pat Example')
    expect(await device.passkeys()).toBe(0)

    // Another browser asks again, and there they take it.
    await page.context().clearCookies()
    await signIn()
    await sees(OFFER)
    await press(page, 'Make a passkey')
    await sees(headings.recoveryCodes)
    await page.getByLabel('I have saved them').check()
    await press(page, 'Continue')
    await sees('Hello, Pat Example')
    expect(await device.passkeys()).toBe(1)
  })
})

test('who has no device for it is not bothered', async () => {
  const person = await addPerson(stage.server, { totp: false })
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await sees(headings.login)
    await enterPassword(page, person)
    await sees(headings.consent)
  })
})
