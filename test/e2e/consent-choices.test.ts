import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { enterCode, enterPassword, headings, press, signInAt } from '../support/hosted-pages.ts'
import { addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'
import type { Visit } from '../support/visit.ts'

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

async function upToConsent({ page, sees }: Visit, person: Person, query = ''): Promise<void> {
  await page.goto(`${stage.app.url}/login${query}`)
  await enterPassword(page, person)
  await enterCode(page, await codeOf(stage.server, person))
  await sees(headings.consent)
}

test('the consent page names the app, the account, each thing asked for, and where the browser goes next (AZ-21)', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    await upToConsent(visit, person)
    const text = await visit.page.getByRole('main').innerText()
    for (const told of ['Sample app', person.email, 'Your name', 'Your email address', 'Sample shop'])
      expect(text).toContain(told)
    expect(text).toContain(`Either way you go back to ${new URL(stage.app.url).host}`)
  })
})

test('a person who says no goes back to the app, which gets nothing, and may think again', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await upToConsent(visit, person)
    await press(page, 'Deny')
    await sees('You said no, and that is fine')
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
    expect(await stage.server.database.prisma.consent.count({ where: { userId: person.id } })).toBe(0)
    await page.getByRole('link', { name: 'Try again' }).click()
    await sees(headings.consent)
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
  })
})

test('a person may turn back on the very first page, and the app is told so', async () => {
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await sees(headings.login)
    await press(page, 'Back to Sample app')
    await sees('You said no, and that is fine')
  })
})

test('what is unticked is not given: no address in the claims, and the API turns the app away', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await upToConsent(visit, person)
    await page.getByRole('checkbox', { name: /^Your email address/ }).uncheck()
    await page.getByRole('checkbox', { name: /^See your orders/ }).uncheck()
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
    const api = page.locator('#api')
    expect(await api.getAttribute('data-status')).toBe('403')
    expect(await api.innerText()).toContain('insufficient_scope')
    expect(await page.locator('#userinfo').getAttribute('data-status')).toBe('ok')
    expect(await page.locator('body').innerText()).not.toContain(person.email)
    expect(await page.locator('#tokens').innerText()).not.toContain('orders:read')
  })
})

test('an app that asks for more later is asked about again, with what is new marked as new (AZ-21)', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await signInAt(stage, visit, person, { query: '?scope=openid+profile' })
    await page.goto(`${stage.app.url}/login?scope=openid+profile+email+offline_access&prompt=consent`)
    await sees(headings.consentForMore)
    const fresh = page.locator('.scope', { has: page.locator('.badge') })
    expect(await fresh.locator('.scope-title').allInnerTexts()).toEqual([
      expect.stringContaining('Your email address'),
      expect.stringContaining('Stay connected while you are away'),
    ])
    const allowed = page.getByRole('checkbox', { name: /^Your name/ })
    expect(await allowed.isVisible()).toBe(false)
    await page.getByText('2 things you allowed before').click()
    expect(await allowed.isChecked()).toBe(true)
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
    expect(await page.locator('#tokens').innerText()).toContain('offline_access')
  })
})
