import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { addDeviceApp, poll, startDevice, verdictOf, waitedLong } from '../support/device.ts'
import type { Started } from '../support/device.ts'
import { enterCode, enterPassword, headings, press } from '../support/hosted-pages.ts'
import { addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
let app: Awaited<ReturnType<typeof addDeviceApp>>
beforeAll(async () => {
  stage = await openStage()
  app = await addDeviceApp(stage.server, {
    metadata: { client_uri: 'https://tv.acme.example/', policy_uri: 'https://tv.acme.example/privacy' },
  })
})
afterAll(() => stage.close())

const enter = 'Connect a device'
const isItYours = 'Sign in to Acme TV on a device?'

async function visitor(): Promise<Person> {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  return person
}

async function verdict(started: Started): Promise<string> {
  await waitedLong(stage.server)
  return verdictOf(await poll(stage.server, app, started))
}

test.each([
  ['on a narrow phone in light colours', { viewport: { width: 320, height: 640 }, colorScheme: 'light' }],
  ['on a narrow phone in dark colours', { viewport: { width: 320, height: 640 }, colorScheme: 'dark' }],
  ['on a desk without JavaScript', { viewport: { width: 1280, height: 800 }, javaScriptEnabled: false }],
] as const)(
  'a person connects a device %s, mistyping the code first (DV-01, AZ-12)',
  async (_where, options) => {
    const [person, started] = [
      await visitor(),
      await startDevice(stage.server, app, { scope: 'openid email' }),
    ]
    await stage.play(async ({ page, sees }) => {
      const type = (code: string) => page.getByLabel('Code on your device').fill(code)
      await page.goto(started.verification_uri)
      await sees(enter)
      await type('zzzz-zzzz')
      await press(page, 'Continue')
      await sees(enter)
      expect(await page.getByText('No device is waiting with this code').count()).toBe(1)
      expect(await page.getByLabel('Code on your device').inputValue()).toBe('zzzz-zzzz')
      await type(started.user_code.toLowerCase().replace('-', ''))
      await press(page, 'Continue')
      await sees(isItYours)
      expect(await page.getByText(started.user_code, { exact: true }).count()).toBe(1)
      await press(page, 'Continue')
      await sees(headings.login)
      await enterPassword(page, person)
      await sees(headings.totp)
      await enterCode(page, await codeOf(stage.server, person))
      await sees(headings.consent)
      await page.getByText('Your device is waiting for the answer').waitFor()
      await press(page, 'Allow')
      await sees('Your device is connected')
    }, options)
    expect(await verdict(started)).toBe('200')
  },
)

test('a person who scans the code decides at once, and turns away what is not theirs (DV-01, RFC 8628 §3.3.1)', async () => {
  const started = await startDevice(stage.server, app)
  await stage.play(async ({ page, sees }) => {
    await page.goto(started.verification_uri_complete)
    await sees(isItYours)
    await press(page, 'Not my device')
    await sees('The device was turned away')
    expect(await verdict(started)).toBe('access_denied')
    // Once more, as from a picture that was kept.
    await page.goto(started.verification_uri_complete)
    await sees(enter)
    expect(await page.getByText('This code was answered already').count()).toBe(1)
  })
})

test('a person who goes back and forth, or reloads, always finds a way on (DV-01)', async () => {
  const [person, started] = [await visitor(), await startDevice(stage.server, app)]
  await stage.play(async ({ page, sees }) => {
    await page.goto(started.verification_uri)
    await page.getByLabel('Code on your device').fill(started.user_code)
    await press(page, 'Continue')
    await sees(isItYours)
    await page.reload()
    await sees(isItYours)
    await press(page, 'Continue')
    await sees(headings.login)
    await page.goBack()
    await sees(isItYours)
    await press(page, 'Continue')
    await sees(headings.login)
    await enterPassword(page, person)
    await sees(headings.totp)
    await enterCode(page, await codeOf(stage.server, person))
    await sees(headings.consent)
    await press(page, 'Allow')
    await sees('Your device is connected')
    await page.reload()
    await sees('This page is no longer valid')
    await page.getByRole('link', { name: 'Start again' }).click()
    await sees(enter)
  })
  expect(await verdict(started)).toBe('200')
})

test('the keyboard is enough: the field has the focus, and Enter goes on (DV-01)', async () => {
  const started = await startDevice(stage.server, app)
  await stage.play(async ({ page, sees }) => {
    await page.goto(started.verification_uri)
    await sees(enter)
    await page.keyboard.type(started.user_code)
    await page.keyboard.press('Enter')
    await sees(isItYours)
    // The way out comes first, so that a careless Enter connects nobody.
    await page.keyboard.press('Tab')
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Not my device')
  })
})
