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

test('two tabs sign in to two apps at once, neither in the way of the other', async () => {
  const person = await newPerson()
  const other = await stage.addApp('Other app')
  await stage.play(async ({ context, page, sees }) => {
    const second = await context.newPage()
    await page.goto(`${stage.app.url}/login`)
    await second.goto(`${other.url}/login`)
    await enterPassword(page, person)
    await enterPassword(second, person)
    await sees(headings.totp)
    await sees(headings.totp, second)
    await enterCode(page, await codeOf(stage.server, person))
    await enterCode(second, await codeOf(stage.server, person))
    await sees('Allow Sample app to use your account?')
    await sees('Allow Other app to use your account?', second)
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
    await press(second, 'Allow')
    await sees('Hello, Pat Example', second)
    expect(new URL(page.url()).origin).toBe(stage.app.url)
    expect(new URL(second.url()).origin).toBe(other.url)
  })
})

test('two tabs of one app sign in one after the other', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    const { context, page, sees } = visit
    const second = await context.newPage()
    await second.goto(`${stage.app.url}/login`)
    await signInAt(stage, visit, person)
    await enterPassword(second, person)
    await enterCode(second, await codeOf(stage.server, person))
    await sees('Hello, Pat Example', second)
    await page.reload()
    await sees('Hello, Pat Example')
  })
})

test('a session that was ended elsewhere ends the consent page with it, and the way back to the app is open (LO-02)', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    const { context, page, sees } = visit
    await signInAt(stage, visit, person)
    await page.goto(`${stage.app.url}/login?prompt=consent`)
    await sees(/^Allow Sample app/)
    const second = await context.newPage()
    await second.goto(stage.app.url)
    await press(second, 'Sign out')
    await press(second, 'Sign out')
    await sees('You are signed out', second)
    await press(page, 'Allow')
    await sees('You were signed out')
    await page.getByRole('link', { name: 'Start again at Sample app' }).click()
    await sees('See what a sign-in reveals')
  })
})
