import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
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

async function leaveFor(
  page: Page,
  label: 'Start again at Sample app' | 'Go on at Sample app',
): Promise<void> {
  const link = page.getByRole('link', { name: label })
  expect(await link.getAttribute('href')).toBe(`${stage.app.url}/`)
  await link.click()
}

test('the back button during a sign-in leads to the step that is due', async () => {
  const person = await newPerson()
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, person)
    await sees(headings.totp)
    await page.goBack()
    await sees(headings.totp)
    await enterCode(page, await codeOf(stage.server, person))
    await sees(headings.consent)
    await page.goBack()
    await sees(headings.consent)
    await press(page, 'Allow')
    await sees('Hello, Pat Example')
  })
})

test('the back button after a sign-in shows a page that leads back to the app', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    const { page, sees } = visit
    await signInAt(stage, visit, person)
    await page.goBack()
    await sees('This sign-in is finished')
    await leaveFor(page, 'Go on at Sample app')
    await sees('Hello, Pat Example')
  })
})

test('a sign-in that has expired says so and leads back to the app', async () => {
  const person = await newPerson()
  await stage.play(async ({ page, sees }) => {
    await page.goto(`${stage.app.url}/login`)
    await sees(headings.login)
    const { count } = await stage.server.database.prisma.interaction.updateMany({
      data: { expiresAt: new Date(Date.now() - 60_000) },
    })
    expect(count).toBeGreaterThan(0)
    await enterPassword(page, person)
    await sees('This sign-in has expired')
    await leaveFor(page, 'Start again at Sample app')
    await sees('See what a sign-in reveals')
  })
})

const forms = /\/interaction\/[^/]+\/(login|totp|consent)$/

test('each form may arrive twice, and the sign-in goes on', async () => {
  const person = await newPerson()
  await stage.play(async (visit) => {
    let doubled = 0
    await visit.context.route(forms, async (route) => {
      await route.fetch({ maxRedirects: 0 })
      doubled += 1
      await route.continue()
    })
    await signInAt(stage, visit, person)
    expect(doubled).toBe(3)
  })
})

test('a form that arrives again after everything it led to is done leads on to where the sign-in has come', async () => {
  const person = await newPerson()
  await stage.play(async ({ context, page, sees }) => {
    await context.route(forms, async (route) => {
      await route.fetch()
      await route.continue()
    })
    await page.goto(`${stage.app.url}/login`)
    await enterPassword(page, person)
    await sees(headings.totp)
    await enterCode(page, await codeOf(stage.server, person))
    await sees(headings.consent)
    await press(page, 'Allow')
    await sees('This sign-in is finished')
    await leaveFor(page, 'Go on at Sample app')
    await sees('Hello, Pat Example')
  })
})

test('each button may be double-clicked, and the sign-in goes on', async () => {
  const person = await newPerson()
  await stage.play(async ({ page, sees }) => {
    const twice = (name: string) => page.getByRole('button', { name, exact: true }).dblclick()
    await page.goto(`${stage.app.url}/login`)
    await page.getByLabel('Email address').fill(person.email)
    await page.getByLabel('Password').fill(person.password)
    await twice('Sign in')
    await sees(headings.totp)
    await page.getByLabel('Six-digit code').fill(await codeOf(stage.server, person))
    await twice('Continue')
    await sees(headings.consent)
    await twice('Allow')
    await sees('Hello, Pat Example')
  })
})

test('a browser that keeps no cookies is told so, without going in circles', async () => {
  await stage.play(async ({ context, page, sees }) => {
    // All cookies of a sign-in come with the answer to the authorization request; here they get lost on the way.
    await context.route(`${stage.server.issuer}/authorize?*`, async (route) => {
      const { pathname, search } = new URL(route.request().url())
      const { status, location } = await stage.server.ask(pathname + search)
      await route.fulfill({ status, headers: { location: location ?? '' } })
    })
    // Requests that follow a redirect cannot be intercepted: the app's own is taken by hand.
    const begun = await context.request.get(`${stage.app.url}/login`, { maxRedirects: 0 })
    await page.goto(begun.headers()['location'] ?? '')
    await sees('We cannot see your sign-in')
    for (const { name } of await context.cookies(stage.server.issuer)) expect(name).toMatch(/^sample_session/)
    expect(await page.getByRole('main').innerText()).toContain('allow cookies for this site')
  })
})
